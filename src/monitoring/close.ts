import { defaultMetric } from '#evaluation'
import { evaluateCondition } from '#projects'
import type { Observed } from './alerts.ts'
import type { MonitorPoint } from './contract.ts'
import { addPeriod, isDecayed, NO_DECAY, ownLosses, realisedLoss } from './decay.ts'
import { measureDrift } from './drift.ts'
import { measureFairness } from './fairness.ts'
import { decayFinding, driftFinding, fairnessFinding, type Finding, qualityFinding } from './findings.ts'
import { type LabelledRows, labelledOf, labelledWhere } from './labelled-rows.ts'
import { metricsIn, type MonitorPlan } from './plan.ts'
import { estimateWithoutLabels, measureChampion, measureWindow } from './quality.ts'
import type { RecentRows, ServedRow } from './recent-rows.ts'
import type { MonitorState } from './state.ts'
import type { ChampionFacts, VersionFacts } from './versions.ts'
import { weightsOf } from './weights.ts'

/** Everything a period's figures follow from. */
export interface Closing {
  readonly endpoint: string
  readonly project: string
  readonly plan: MonitorPlan
  /** End of the period, event time in ms. */
  readonly through: number
  readonly before: MonitorState | undefined
  readonly champion: ChampionFacts
  /** Scores in the shadow: the first version left alone. */
  readonly reference: number | null
  /** Versions that answer or may soon, of which each gets a weight. */
  readonly members: readonly VersionFacts[]
  readonly rows: RecentRows
  /** Rows of earlier periods whose labels came after those were closed. */
  readonly late: readonly ServedRow[]
  /** Predictions logged in the period. */
  readonly predictions: number
  readonly seq: number
  readonly joined: number
}

export interface Closed {
  readonly point: MonitorPoint
  readonly state: MonitorState
  readonly observed: Observed
  /** Event time since the youngest row the champion was trained on, ms. */
  readonly age: number | null
}

/**
 * The monitors at the end of a period. Drift looks at the requests up to the end; quality, decay, fairness and weights at
 * those whose labels are due by then, which are older by the label delay. So drift is seen at once where labels take a
 * month, and no figure depends on when it is computed.
 */
export function closePeriod(closing: Closing): Closed {
  const { plan, through, champion, rows, before, endpoint, project } = closing
  const { signature } = champion
  const metric = plan.metric ?? defaultMetric(signature.task)
  const due = through - plan.labelDelay
  const byWindow = new Map<number, LabelledRows>()
  const labelledIn = (window: number) => {
    const labelled = byWindow.get(window) ?? labelledOf(rows.between(due - window, due), signature)
    byWindow.set(window, labelled)
    return labelled
  }
  const findings: Finding[] = []

  const drift = plan.drift && measureDrift(rows.between(through - plan.drift.window, through), champion, plan.redacted)
  if (drift && evaluateCondition(plan.drift!.alertIf, drift.context).passed)
    findings.push(driftFinding(drift.moved, drift.cost, plan.drift!.window))

  const labelled = labelledIn(plan.quality.window)
  const { alertIf } = plan.quality
  const own = measureChampion(labelled, champion, metric, metricsIn(alertIf, signature.task, metric))
  if (alertIf && evaluateCondition(alertIf, own.context).passed)
    findings.push(qualityFinding(own, metric, champion.version, plan.quality.window))

  const fresh = labelledOf(
    [...rows.between(before ? before.through - plan.labelDelay : Number.NEGATIVE_INFINITY, due), ...closing.late],
    signature,
  )
  const losses = ownLosses(fresh, champion)
  const loss = realisedLoss(losses, champion.promisedLoss)
  const sameChampion = before?.champion === champion.version
  const held = sameChampion ? before.decay : NO_DECAY
  const decay = plan.decay && loss ? addPeriod(held, losses, loss, plan.decay) : held
  if (plan.decay && isDecayed(decay, champion.promisedLoss, plan.decay))
    findings.push(decayFinding(loss, decay.statistic, plan.decay.threshold, champion.version))

  const fairness =
    plan.fairness &&
    measureFairness(
      labelledWhere(labelledIn(plan.fairness.window), (row) => row.version === champion.version),
      champion,
      plan.fairness.by,
    )
  if (fairness && evaluateCondition(plan.fairness!.alertIf, fairness.context).passed)
    findings.push(fairnessFinding(fairness.reports, plan.fairness!.window))

  const weights = plan.combine
    ? weightsOf(labelledIn(plan.combine.window), closing.members, plan.combine.temperature)
    : {}
  const isNew = (row: ServedRow) => row.eventTime > (champion.trainedUntil ?? Number.NEGATIVE_INFINITY)
  const counted = sameChampion
    ? fresh.rows
    : rows.between(Number.NEGATIVE_INFINITY, due).filter((row) => row.truth !== null)

  return {
    point: {
      endpoint,
      through,
      champion: champion.version,
      predictions: closing.predictions,
      labelled: fresh.rows.length * rows.stride,
      metric,
      window: measureWindow(labelled, champion, metric, closing.reference, due),
      estimated: plan.quality.estimate
        ? estimateWithoutLabels(rows.between(through - plan.quality.window, through), champion, metric)
        : null,
      loss: loss ?? null,
      decay: plan.decay ? { statistic: decay.statistic, threshold: plan.decay.threshold } : null,
      drift: drift?.shown ?? null,
      fairness: fairness?.shown ?? {},
      weights,
    },
    state: {
      through,
      seq: closing.seq,
      joined: closing.joined,
      stride: rows.stride,
      champion: champion.version,
      decay,
      newLabels: (sameChampion ? before.newLabels : 0) + counted.filter(isNew).length * rows.stride,
      weights,
    },
    age: champion.trainedUntil === null ? null : through - champion.trainedUntil,
    observed: {
      endpoint,
      project,
      champion: champion.version,
      through,
      findings,
      features: drift?.moved ?? [],
      estimatedCost: drift?.cost ?? null,
      measuredCost: own.lost,
      metric,
      clearAfter: Math.max(plan.quality.window, plan.drift?.window ?? 0),
    },
  }
}
