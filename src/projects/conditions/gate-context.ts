import type {
  ChampionComparison,
  Estimate,
  EvaluationReport,
  FairnessReport,
  PairedDifference,
} from '#evaluation/contract'
import type {
  EstimateValue,
  FairnessValue,
  GateContext,
  ImprovementValue,
  LatencyValue,
  SegmentValue,
} from './contexts.ts'

export interface GateEvidence {
  readonly report: EvaluationReport
  /** Absent while there is no champion. */
  readonly champion?: {
    readonly version: number
    /** Candidate and champion on the same rows. */
    readonly comparison: ChampionComparison
    readonly latency?: LatencyValue
  }
  /** `maxScaledDifference` divides each difference by max(1, |answer|); without it the absolute one stands, which is never smaller. */
  readonly parity?: { readonly maxAbsDifference: number; readonly maxScaledDifference?: number; readonly rows: number }
  readonly latency?: LatencyValue
}

/** What was measured of a candidate, in the words gates are written in. */
export function gateContext({ report, champion, parity, latency }: GateEvidence): GateContext {
  const comparison = champion?.comparison
  const { robustness } = report
  return {
    metrics: Object.fromEntries(Object.entries(report.metrics).map(([name, one]) => [name, estimateValue(one)])),
    segments: segmentsOf(report, comparison),
    ...(champion
      ? { champion: { version: champion.version, latency: champion.latency, ...championOf(champion.comparison) } }
      : {}),
    ...(comparison?.improvement ? { improvement: improvementValue(comparison.improvement) } : {}),
    ...(robustness
      ? {
          robustness: {
            flips_under_noise: robustness.flipsUnderNoise,
            relative_change_under_noise: robustness.relativeChangeUnderNoise,
          },
        }
      : {}),
    ...(parity
      ? {
          parity: {
            max_abs_difference: parity.maxAbsDifference,
            max_scaled_difference: parity.maxScaledDifference ?? parity.maxAbsDifference,
            rows: parity.rows,
          },
        }
      : {}),
    fairness: fairnessOf(report.fairness),
    latency,
  }
}

/** Half the width of a 95 % interval in standard errors, for figures reported with an interval alone. */
const Z95 = 1.959963984540054

function estimateValue({ value, lower95, upper95 }: Estimate): EstimateValue {
  const standard_error = lower95 === null || upper95 === null ? null : (upper95 - lower95) / (2 * Z95)
  return { value, lower95, upper95, standard_error }
}

function improvementValue(difference: PairedDifference): ImprovementValue {
  const { improvement, standardError, lower95, upper95, relative } = difference
  return { value: improvement, standard_error: standardError, lower95, upper95, relative }
}

function segmentsOf(report: EvaluationReport, comparison: ChampionComparison | undefined): SegmentValue[] {
  return (report.segments?.segments ?? []).map(({ column, segment, n, metrics, estimate }) => {
    const paired = comparison?.segments.find((one) => one.column === column && one.segment === segment)
    return {
      column,
      value: segment,
      rows: n,
      metrics: estimate ? { ...metrics, [report.segments!.metric]: estimateValue(estimate) } : metrics,
      ...(paired ? { improvement: improvementValue(paired.improvement) } : {}),
    }
  })
}

function championOf(
  comparison: ChampionComparison,
): Pick<NonNullable<GateContext['champion']>, 'metrics' | 'segments'> {
  return {
    metrics: Object.fromEntries(Object.entries(comparison.metrics).map(([name, { b }]) => [name, b])),
    segments: comparison.segments.map(({ column, segment, n, improvement }) => ({
      column,
      value: segment,
      rows: n,
      metrics: { [improvement.metric]: improvement.b },
    })),
  }
}

/** The worst over all sensitive columns: a gate is about whoever is treated worst. */
function fairnessOf(reports: readonly FairnessReport[]): FairnessValue {
  const impacts = reports.flatMap(({ disparateImpact }) => (disparateImpact ? [disparateImpact] : []))
  const lowest = impacts.sort((a, b) => a.value - b.value)[0]
  const gap = (name: string) => {
    const gaps = reports.flatMap(({ differences }) => differences[name] ?? [])
    return gaps.length > 0 ? Math.max(...gaps) : null
  }
  return {
    disparate_impact: lowest ? estimateValue(lowest) : null,
    demographic_parity: gap('demographic_parity'),
    equal_opportunity: gap('equal_opportunity'),
    equalised_odds: gap('equalised_odds'),
  }
}
