import type { Rollout } from '#deployments/contract'
import { estimateMetrics, pairedDifferences } from '#evaluation'
import { evaluateCondition, type LatencyValue, type RollbackContext } from '#projects'
import { type LabelledRows, labelledOf, labelledWhere, scoredBy } from './labelled-rows.ts'
import { metricsIn, type MonitorPlan } from './plan.ts'
import { withError } from './quality.ts'
import type { ServedRow } from './recent-rows.ts'
import type { VersionFacts } from './versions.ts'
import { counted, figure } from './wording.ts'

/** The verdict on a canary at one moment of event time, with its evidence in words. */
export interface CanaryVerdict {
  readonly worse: boolean
  readonly note: string
}

/**
 * The candidate against the champion since the canary began. All versions score all requests, so every request is
 * evidence about both, whoever answered it. What cannot be known yet (labels that are still to come) keeps a condition
 * from holding: it never takes a version back.
 *
 * @param rows requests since the canary began
 * @param labelledBefore rows before this event time may have their labels; later ones are not looked at
 * @returns `undefined` while the candidate has scored nothing: then it is not known whether it answers at all
 */
export function judgeCanary({
  rows,
  labelledBefore,
  candidate,
  champion,
  plan,
  metric,
}: {
  rows: readonly ServedRow[]
  labelledBefore: number
  candidate: VersionFacts
  champion: VersionFacts
  plan: MonitorPlan
  metric: string
}): CanaryVerdict | undefined {
  const scored = rows.filter((row) => row.scores[candidate.version] !== undefined)
  if (scored.length === 0) return undefined
  // Requests that were on their way before the candidate was loaded are not its errors.
  const first = scored.reduce((least, row) => Math.min(least, row.seq), Number.POSITIVE_INFINITY)
  const asked = rows.filter((row) => row.seq >= first)
  const labelled = labelledOf(
    asked.filter((row) => row.eventTime < labelledBefore),
    champion.signature,
  )
  const compared = compare(labelled, candidate, champion, plan, metric)
  const context: RollbackContext = {
    errors: errorsOf(asked, candidate.version),
    latency: latencyOf(asked.filter((row) => row.route === 'canary')),
    quality: compared?.quality,
    improvement: compared?.improvement,
    labels: compared?.labels ?? 0,
    champion: {
      version: champion.version,
      errors: errorsOf(asked, champion.version),
      latency: latencyOf(asked.filter((row) => row.route === 'stable')),
      quality: compared?.championQuality,
    },
  }
  const verdict = evaluateCondition(plan.rollBackIf, context)
  const note = [
    `v${candidate.version} against v${champion.version}`,
    compared?.words ?? 'no labels yet',
    errorWords(context),
  ]
  return {
    worse: verdict.passed,
    note: `${note.join(', ')}${verdict.passed ? `; worse: ${verdict.explanation}` : ''}`,
  }
}

function compare(
  labelled: LabelledRows,
  candidate: VersionFacts,
  champion: VersionFacts,
  plan: MonitorPlan,
  metric: string,
) {
  const { signature } = champion
  const { task } = signature
  const both = labelledWhere(
    labelled,
    ({ scores }) => scores[candidate.version] !== undefined && scores[champion.version] !== undefined,
  )
  const { truth, scores } = scoredBy(both, candidate.version, signature)
  if (truth.length === 0) return undefined
  const theirScores = scoredBy(both, champion.version, signature).scores
  const metrics = metricsIn(plan.rollBackIf, task, metric)
  const paired = pairedDifferences(task, truth, scores, theirScores, { metrics: [metric] })[metric]
  const qualityOf = (answers: Float64Array) =>
    Object.fromEntries(
      Object.entries(estimateMetrics(task, truth, answers, { metrics })).map(([name, one]) => [name, withError(one)]),
    )
  return {
    labels: truth.length,
    quality: qualityOf(scores),
    championQuality: qualityOf(theirScores),
    improvement: paired && {
      value: paired.improvement,
      standard_error: paired.standardError,
      lower95: paired.lower95,
      upper95: paired.upper95,
      relative: paired.relative,
    },
    words: paired
      ? `${metric} ${figure(paired.a)} to ${figure(paired.b)} on ${counted(truth.length, 'label')} (better by ${figure(paired.improvement)} ± ${paired.standardError === null ? '?' : figure(paired.standardError)})`
      : `${counted(truth.length, 'label')}, too few to tell`,
  }
}

function errorsOf(rows: readonly ServedRow[], version: number) {
  const count = rows.reduce((failed, row) => (row.scores[version] === undefined ? failed + 1 : failed), 0)
  return { count, requests: rows.length, rate: rows.length > 0 ? count / rows.length : null }
}

function errorWords({ errors }: RollbackContext): string {
  const { count, requests } = errors!
  return `${counted(requests!, 'request')}, ${count === 0 ? 'no error' : counted(count!, 'error')}`
}

/** Percentiles of what was measured per request, nearest rank. */
function latencyOf(rows: readonly ServedRow[]): LatencyValue | undefined {
  if (rows.length === 0) return undefined
  const sorted = Float64Array.from(rows, ({ latencyMs }) => latencyMs).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** The event time at which a canary's step has been held for long enough; undefined before its first request. */
export function holdEnds(rollout: Rollout): number | undefined {
  const since = rollout.history.at(-1)?.eventTime ?? undefined
  return since === undefined ? undefined : since + rollout.holdMs
}

/** The event time at which the canary began. */
export function canaryBegan(rollout: Rollout): number | undefined {
  return rollout.history.find((entry) => entry.state === 'canary' && entry.eventTime !== null)?.eventTime ?? undefined
}
