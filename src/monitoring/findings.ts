import type { FairnessReport, RealisedLoss } from '#evaluation'
import { formatDuration } from '#platform/time'
import type { Alert, FeatureMove } from './contract.ts'
import type { ChampionQuality } from './quality.ts'
import { counted, figure, listed, percent } from './wording.ts'

/** One thing that a monitor found wrong in one period, in words. */
export interface Finding {
  readonly kind: Alert['kinds'][number]
  /** A title without a full stop. */
  readonly headline: string
  /** Whole sentences. */
  readonly detail: string
}

/** Features named with what happened to them; the rest is counted. */
const MOST_NAMED = 4

export function driftFinding(moved: readonly FeatureMove[], cost: number | null, window: number): Finding {
  const names = moved.map(({ feature }) => feature)
  const psi = moved.slice(0, names.length > 3 ? 2 : 3).map((move) => figure(move.psi))
  const changes = moved.slice(0, MOST_NAMED).map(({ feature, change }) => `${feature}: ${change}.`)
  const priced =
    cost === null
      ? 'What it costs cannot be estimated: this version keeps no held-back losses.'
      : cost > 0
        ? `Where the answers now fall the model lost ${figure(cost)} more per row when it was released.`
        : 'Where the answers now fall the model was no worse when it was released.'
  return {
    kind: 'drift',
    headline: `Drift in ${listed(names)} (PSI ${psi.join(', ')})`,
    detail: `Over the last ${formatDuration(window)} ${counted(names.length, 'feature')} left what the champion was trained on. ${changes.join(' ')} ${priced}`,
  }
}

export function qualityFinding(
  { measured, atRelease, context }: ChampionQuality,
  metric: string,
  champion: number,
  window: number,
): Finding {
  const now = measured?.value ?? Number.NaN
  const interval =
    measured?.lower95 == null || measured.upper95 == null
      ? ''
      : ` (95 %: ${figure(measured.lower95)} to ${figure(measured.upper95)})`
  return {
    kind: 'quality',
    headline: atRelease
      ? `${metric} went from ${figure(atRelease.value)} to ${figure(now)}`
      : `${metric} is ${figure(now)}`,
    detail: `On ${counted(context.labels ?? 0, 'label')} of the last ${formatDuration(window)} v${champion} reached ${metric} ${figure(now)}${interval}${atRelease ? `; ${figure(atRelease.value)} was measured at its release` : ''}.`,
  }
}

export function decayFinding(
  loss: RealisedLoss | undefined,
  statistic: number,
  threshold: number,
  champion: number,
): Finding {
  const last = loss
    ? ` The newest labels cost ${figure(loss.realised)} per row, ${figure(loss.promised)} was promised.`
    : ''
  const excess = loss && loss.promised > 0 ? loss.realised / loss.promised - 1 : 0
  return {
    kind: 'decay',
    headline:
      excess > 0
        ? `v${champion} loses ${percent(excess)} more per answer than it promised`
        : `v${champion} has lost more than it promised for some time`,
    detail: `The excess of realised over promised loss has added up to ${figure(statistic)}; ${figure(threshold)} is an alarm.${last}`,
  }
}

export function fairnessFinding(reports: readonly FairnessReport[], window: number): Finding {
  const worst = reports.reduce<FairnessReport | undefined>(
    (least, report) =>
      report.disparateImpact && (!least?.disparateImpact || report.disparateImpact.value < least.disparateImpact.value)
        ? report
        : least,
    undefined,
  )
  const impact = worst?.disparateImpact
  const over = `Over the last ${formatDuration(window)}`
  if (!worst || !impact)
    return {
      kind: 'fairness',
      headline: 'Groups are treated too differently',
      detail: `${over} groups were treated too differently.`,
    }
  return {
    kind: 'fairness',
    headline: `${worst.column} "${impact.group}" is selected ${figure(impact.value)} times as often as "${worst.reference}"`,
    detail: `${over} "${impact.group}" of ${worst.column} was given the favourable answer ${figure(impact.value)} times as often as "${worst.reference}" (95 %: ${figure(impact.lower95 ?? Number.NaN)} to ${figure(impact.upper95 ?? Number.NaN)}).`,
  }
}
