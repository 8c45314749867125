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
import type { GateResult } from './contract.ts'

/** Judges a candidate by the project's gates; each verdict comes with the values behind it. */
export function judgeGates(
  gates: readonly string[],
  candidate: Pick<CandidateRecord, 'report' | 'comparison' | 'parity'>,
): GateResult[] {
  const context = contextOf(candidate)
  return gates.map((condition) => {
    const { passed, explanation } = evaluateCondition(compileCondition(condition, 'gate'), context)
    return { condition, passed, explanation }
  })
}

function contextOf({
  report,
  comparison,
  parity,
}: Pick<CandidateRecord, 'report' | 'comparison' | 'parity'>): GateContext {
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
