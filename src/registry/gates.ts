import type { EvaluationReport } from '#evaluation/contract'
import type { CandidateRecord } from '#pipelines'
import {
  compileCondition,
  type EstimatesByName,
  evaluateCondition,
  type GateContext,
  type ImprovementValue,
  type SegmentValue,
} from '#projects'
import type { StagingReport } from './certificate.contract.ts'
import type { GateResult, ModelVersion, PackagedVersion } from './entities.contract.ts'

type Judged = Pick<CandidateRecord, 'report' | 'comparison' | 'parity'> & { readonly importance?: Importance }
type Importance = ModelVersion['importance']

/**
 * Judges a candidate by the project's gates; each verdict comes with the values behind it. Gates about latency and memory
 * wait: those are measured in staging.
 *
 * @param champion what the champion's answers rest on
 */
export function judgeGates(gates: readonly string[], candidate: Judged, champion?: Importance): GateResult[] {
  const context = contextOf(candidate, champion)
  return gates.map((condition) => {
    const compiled = compileCondition(condition, 'gate')
    if (compiled.staged)
      return { condition, passed: false, pending: true, explanation: 'waits for what staging measures' }
    const { passed, explanation } = evaluateCondition(compiled, context)
    return { condition, passed, explanation }
  })
}

/** The gates of a version once staging has measured it: those that had spoken before stay as they are. */
export function judgeStaged(
  { gates, comparison, importance, package: onnx }: PackagedVersion,
  report: EvaluationReport | null,
  { load, championLoad }: Pick<StagingReport, 'load' | 'championLoad'>,
): GateResult[] {
  const { parity, size } = onnx
  const evaluated = report ? contextOf({ report, comparison, parity, importance }) : {}
  const context: GateContext = {
    ...evaluated,
    latency: load?.latency,
    memory: { package: size, resident: load?.memory },
    ...(evaluated.champion && { champion: { ...evaluated.champion, latency: championLoad?.latency } }),
  }
  return gates.map((gate) => {
    if (!gate.pending) return gate
    const { passed, explanation } = evaluateCondition(compileCondition(gate.condition, 'gate'), context)
    return { condition: gate.condition, passed, explanation }
  })
}

function contextOf({ report, comparison, parity, importance = [] }: Judged, champion?: Importance): GateContext {
  return {
    metrics: report.metrics,
    segments: segmentsOf(report, comparison),
    robustness: report.robustness && {
      flips_under_noise: report.robustness.flipsUnderNoise,
      relative_change_under_noise: report.robustness.relativeChangeUnderNoise,
    },
    parity: {
      max_abs_difference: parity.maxAbsDifference,
      max_scaled_difference: parity.maxScaledDifference,
      rows: parity.rows,
    },
    fairness: fairnessOf(report),
    explanation: explanationOf(importance, champion),
    ...(comparison && {
      champion: {
        version: comparison.version,
        metrics: mapValues(comparison.metrics, (paired): number => paired.b),
        segments: comparison.segments.map(({ column, segment, n, improvement }) => ({
          column,
          value: segment,
          rows: n,
          metrics: { [improvement.metric]: improvement.b },
        })),
      },
      improvement: improvementOf(comparison.improvement),
    }),
  }
}

/** What the answers rest on; unknown where nothing was measured. */
function explanationOf(importance: Importance, champion: Importance | undefined): GateContext['explanation'] {
  if (importance.length === 0) return undefined
  const shares = importance.map(({ share }) => share).sort((a, b) => b - a)
  const top = (count: number) => shares.slice(0, count).reduce((sum, share) => sum + share, 0)
  const before = new Map(champion?.map(({ feature, share }) => [feature, share]))
  const features = new Set([...importance.map(({ feature }) => feature), ...before.keys()])
  const ours = new Map(importance.map(({ feature, share }) => [feature, share]))
  // Half the sum of differences is the part of the explanation that moved (total variation distance).
  const moved =
    [...features].reduce((sum, name) => sum + Math.abs((ours.get(name) ?? 0) - (before.get(name) ?? 0)), 0) / 2
  return {
    top1: top(1),
    top3: top(3),
    top5: top(5),
    stability: champion && champion.length > 0 ? 1 - moved : undefined,
    shares: Object.fromEntries(ours),
  }
}

function segmentsOf(report: EvaluationReport, comparison: CandidateRecord['comparison']): SegmentValue[] {
  return (report.segments?.segments ?? []).map(({ column, segment, n, metrics, estimate }) => {
    const paired = comparison?.segments.find((other) => other.column === column && other.segment === segment)
    return {
      column,
      value: segment,
      rows: n,
      metrics: { ...metrics, ...(estimate && { [report.metric]: estimate }) } satisfies EstimatesByName,
      improvement: paired ? improvementOf(paired.improvement) : null,
    }
  })
}

function improvementOf(paired: NonNullable<CandidateRecord['comparison']>['improvement']): ImprovementValue | null {
  return (
    paired && {
      value: paired.improvement,
      lower95: paired.lower95,
      upper95: paired.upper95,
      standard_error: paired.standardError,
      relative: paired.relative,
    }
  )
}

/** The worst over all sensitive columns: a model is as fair as where it is least so. */
function fairnessOf({ fairness }: EvaluationReport): GateContext['fairness'] {
  if (fairness.length === 0) return null
  const impacts = fairness.flatMap(({ disparateImpact }) => disparateImpact ?? [])
  const worst = (name: string) => {
    const values = fairness.flatMap(({ differences }) => differences[name] ?? [])
    return values.length > 0 ? Math.max(...values) : null
  }
  return {
    disparate_impact: impacts.sort((a, b) => a.value - b.value)[0] ?? null,
    demographic_parity: worst('demographic_parity'),
    equal_opportunity: worst('equal_opportunity'),
    equalised_odds: worst('equalised_odds'),
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
