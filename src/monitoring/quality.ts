import { directionOf, type Estimate, estimateMetrics, estimateUnlabelled, improvement } from '#evaluation'
import type { EstimateValue, ImprovementValue, QualityContext } from '#projects'
import type { ModelVersion } from '#registry/contract'
import type { MonitorPoint } from './contract.ts'
import { answeredBy, type LabelledRows, scoredBy } from './labelled-rows.ts'
import type { ServedRow } from './recent-rows.ts'
import type { VersionFacts } from './versions.ts'

/** What was answered, measured on the labels of the quality window; null while they do not define the metric. */
export function measureWindow(
  labelled: LabelledRows,
  champion: VersionFacts,
  metric: string,
  reference: number | null,
  through: number,
): MonitorPoint['window'] {
  const { task } = champion.signature
  const measured = estimateMetrics(task, labelled.truth, labelled.served, { metrics: [metric] })[metric]
  if (!measured) return null
  const { value, lower95, upper95 } = measured
  return {
    value,
    lower95: lower95 ?? value,
    upper95: upper95 ?? value,
    reference: reference === null ? null : measureReference(labelled, champion, metric, reference),
    n: labelled.rows.length,
    through,
  }
}

/** The first version left alone; null unless it scored the same rows, all of them. */
function measureReference(
  labelled: LabelledRows,
  { signature }: VersionFacts,
  metric: string,
  reference: number,
): number | null {
  const { places, truth, scores } = scoredBy(labelled, reference, signature)
  if (places.length < labelled.rows.length) return null
  return estimateMetrics(signature.task, truth, scores, { metrics: [metric] })[metric]?.value ?? null
}

/** The metric of rows whose labels are not in yet, from the model's own confidence. Binary tasks only. */
export function estimateWithoutLabels(
  rows: readonly ServedRow[],
  { signature }: VersionFacts,
  metric: string,
): number | null {
  if (signature.task !== 'binary' || rows.length === 0) return null
  return estimateUnlabelled(Float64Array.from(rows, ({ value }) => value))[metric]?.value ?? null
}

export interface ChampionQuality {
  readonly context: QualityContext
  /** How much of the metric was lost since the release, in the metric's unit; above 0 is worse. */
  readonly lost: number | null
  readonly measured: EstimateValue | undefined
  readonly atRelease: ModelVersion['metrics'][string] | undefined
}

/** The champion's own answers against what was measured at its release; what others answered says nothing of it. */
export function measureChampion(
  labelled: LabelledRows,
  champion: VersionFacts,
  metric: string,
  wanted: readonly string[],
): ChampionQuality {
  const { task } = champion.signature
  const own = answeredBy(labelled, champion.version, champion.signature)
  const atRelease = champion.metrics[metric]
  const measured =
    own.rows.length === 0
      ? {}
      : Object.fromEntries(
          Object.entries(estimateMetrics(task, own.truth, own.served, { metrics: wanted })).map(([name, estimate]) => [
            name,
            withError(estimate),
          ]),
        )
  const now = measured[metric]
  const gain = now && atRelease ? improvementOf(directionOf(task, metric), now, withError(atRelease)) : undefined
  return {
    context: {
      ...measured,
      baseline: Object.fromEntries(Object.entries(champion.metrics).map(([name, one]) => [name, withError(one)])),
      improvement: gain,
      labels: own.rows.length,
    },
    lost: gain?.value === undefined || gain.value === null ? null : -gain.value,
    measured: now,
    atRelease,
  }
}

/** Half the width of a 95 % interval in standard errors. */
const Z95 = 1.959963984540054

export function withError({ value, lower95, upper95 }: Estimate): EstimateValue {
  const known = lower95 !== null && upper95 !== null
  return { value, lower95, upper95, standard_error: known ? (upper95 - lower95) / (2 * Z95) : null }
}

/** Two independent estimates compared; the interval is unknown when either's error is. */
function improvementOf(
  direction: ReturnType<typeof directionOf>,
  now: EstimateValue,
  before: EstimateValue,
): ImprovementValue {
  const value = improvement(direction, now.value!, before.value!)
  const relative = before.value === 0 ? null : value / Math.abs(before.value!)
  if (now.standard_error == null || before.standard_error == null) return { value, relative }
  const error = Math.hypot(now.standard_error, before.standard_error)
  return { value, relative, standard_error: error, lower95: value - Z95 * error, upper95: value + Z95 * error }
}
