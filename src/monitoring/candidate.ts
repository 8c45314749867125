import { type Evidence, LIVE_STATES, type Rollout, type RolloutState } from '#deployments/contract'
import { anytimeInterval, estimateMetrics, meanInterval, pairedDifferences } from '#evaluation'
import { evaluateCondition, type RollbackContext } from '#projects'
import { compareAnswers } from './answers.ts'
import { worthOf } from './decision-value.ts'
import { type ExperimentVerdict, judgeExperiment } from './experiment.ts'
import { type LabelledRows, labelledOf, labelledWhere, scoredBy } from './labelled-rows.ts'
import { metricsIn, type MonitorPlan } from './plan.ts'
import { withError } from './quality.ts'
import type { ServedRow } from './recent-rows.ts'
import type { VersionFacts } from './versions.ts'
import { counted, figure } from './wording.ts'

/** The verdict on a candidate at one moment, with its evidence in words and in figures. */
export interface CandidateVerdict {
  readonly worse: boolean
  /** False while what the project asks for before the next step does not hold. */
  readonly ready: boolean
  readonly decided?: 'promote' | 'keep' | undefined
  readonly note: string
  readonly evidence: Evidence
}

/**
 * The candidate against the champion since it is live. All versions score all requests, so every request is evidence
 * about both, whoever answered it; only an experiment counts each answer for the arm that gave it. What cannot be known
 * yet (labels that are still to come) keeps a condition from holding: it never takes a version back.
 *
 * @param rows requests since the candidate is live
 * @param labelledBefore rows before this event time may have their labels; later ones are not looked at
 * @param trial the experiment that it is part of, with the p-value of the looks before
 * @returns `undefined` while the candidate has scored nothing: then it is not known whether it answers at all
 */
export function judgeCandidate({
  rows,
  labelledBefore,
  candidate,
  champion,
  plan,
  metric,
  trial,
  everyLook = false,
}: {
  rows: readonly ServedRow[]
  labelledBefore: number
  candidate: VersionFacts
  champion: VersionFacts
  plan: MonitorPlan
  metric: string
  trial?: { experiment: NonNullable<Rollout['experiment']>; before: number | null; over: boolean } | undefined
  /** It is looked at every second: intervals hold at every look at once. */
  everyLook?: boolean
}): CandidateVerdict | undefined {
  const scored = rows.filter((row) => row.scores[candidate.version] !== undefined)
  if (scored.length === 0) return undefined
  // Requests that were on their way before the candidate was loaded are not its errors.
  const first = scored.reduce((least, row) => Math.min(least, row.seq), Number.POSITIVE_INFINITY)
  const asked = rows.filter((row) => row.seq >= first)
  const { signature } = champion
  const labelled = labelledOf(
    asked.filter((row) => row.eventTime < labelledBefore),
    signature,
  )
  const compared = compare(labelled, candidate, champion, plan, metric, everyLook)
  const value = compareValue(labelled, candidate, champion, plan, everyLook)
  const answers = compareAnswers(asked, candidate.version, champion.version, signature)
  const latency = {
    candidate: latencyOf(asked.filter((row) => row.route === 'canary')),
    champion: latencyOf(asked.filter((row) => row.route === 'stable')),
  }
  const context: RollbackContext = {
    errors: errorsOf(asked, candidate.version),
    latency: latency.candidate,
    quality: compared?.quality,
    // What labels say of an experiment, its own test decides: a rule beside it would look at the same rows by another.
    improvement: trial ? undefined : compared?.improvement,
    answers,
    value: value && !trial ? conditionValue(value.improvement) : undefined,
    labels: compared?.labels ?? 0,
    champion: {
      version: champion.version,
      errors: errorsOf(asked, champion.version),
      latency: latency.champion,
      quality: compared?.championQuality,
    },
  }
  const back = evaluateCondition(plan.rollBackIf, context)
  const on = plan.promoteIf && evaluateCondition(plan.promoteIf, context)
  const experiment: ExperimentVerdict | undefined =
    trial && judgeExperiment({ labelled, signature, value: plan.value, ...trial })
  const note = [
    `v${candidate.version} against v${champion.version}`,
    compared?.words ?? 'no labels yet',
    errorWords(context),
    ...(experiment ? [experiment.words] : []),
  ].join(', ')
  return {
    worse: back.passed,
    ready: on?.passed ?? true,
    decided: experiment?.decided,
    note: `${note}${back.passed ? `; worse: ${back.explanation}` : on && !on.passed ? `; not yet: ${on.explanation}` : ''}`,
    evidence: {
      requests: asked.length,
      errors: {
        candidate: errorsOf(asked, candidate.version),
        champion: errorsOf(asked, champion.version),
      },
      latency,
      answers,
      labels: compared?.labels ?? 0,
      quality: compared
        ? {
            metric,
            candidate: compared.quality[metric]?.value ?? null,
            champion: compared.championQuality[metric]?.value ?? null,
            improvement: compared.improvement ? differenceOf(compared.improvement) : null,
          }
        : null,
      value: value ?? null,
      experiment: experiment?.evidence ?? null,
      rank: null,
      conditions: [
        { condition: plan.rollBackIf.text, holds: back.passed, explanation: back.explanation },
        ...(on ? [{ condition: plan.promoteIf!.text, holds: on.passed, explanation: on.explanation }] : []),
      ],
    },
  }
}

/** A difference of this part of the champion's own figure is where an interval for every look is sharpest. */
const SHARPEST = 0.02

function anytime(value: number, standardError: number | null, of: number) {
  if (standardError === null || !(of > 0)) return { lower95: null, upper95: null }
  const { lower, upper } = anytimeInterval(value, standardError, { scale: SHARPEST * of, alpha: 0.05 })
  return { lower95: lower, upper95: upper }
}

type Improvement = NonNullable<NonNullable<ReturnType<typeof compare>>['improvement']>

function differenceOf({ value, lower95, upper95, standard_error }: Improvement) {
  return { value, lower95, upper95, standardError: standard_error }
}

function conditionValue({ standardError, ...rest }: NonNullable<Evidence['value']>['improvement']) {
  return { ...rest, standard_error: standardError }
}

/** What a decision is worth by each of the two, on the same labelled rows. */
function compareValue(
  labelled: LabelledRows,
  candidate: VersionFacts,
  champion: VersionFacts,
  { value }: MonitorPlan,
  everyLook: boolean,
): Evidence['value'] | undefined {
  const { signature } = champion
  const worth = value && worthOf(value, signature.task)
  if (!worth) return undefined
  const both = labelledWhere(
    labelled,
    ({ scores }) => scores[candidate.version] !== undefined && scores[champion.version] !== undefined,
  )
  const ours = scoredBy(both, candidate.version, signature)
  const theirs = scoredBy(both, champion.version, signature)
  if (ours.truth.length === 0) return undefined
  const each = (scores: Float64Array) => scores.map((score, i) => worth(score >= 0.5 ? 1 : 0, ours.truth[i]!))
  const [a, b] = [each(ours.scores), each(theirs.scores)]
  const { value: gain, lower95, upper95 } = meanInterval(a.map((one, i) => one - b[i]!))
  const mean = (values: Float64Array) => values.reduce((sum, one) => sum + one, 0) / values.length
  const standardError = lower95 === null || upper95 === null ? null : (upper95 - lower95) / (2 * 1.959963984540054)
  return {
    unit: value.unit,
    candidate: mean(a),
    champion: mean(b),
    improvement: {
      value: gain,
      standardError,
      ...(everyLook ? anytime(gain, standardError, Math.abs(mean(b))) : { lower95, upper95 }),
    },
  }
}

function compare(
  labelled: LabelledRows,
  candidate: VersionFacts,
  champion: VersionFacts,
  plan: MonitorPlan,
  metric: string,
  everyLook: boolean,
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
      ...(everyLook
        ? anytime(paired.improvement, paired.standardError, Math.abs(paired.a))
        : { lower95: paired.lower95, upper95: paired.upper95 }),
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
function latencyOf(rows: readonly ServedRow[]): Evidence['latency']['candidate'] {
  if (rows.length === 0) return null
  const sorted = Float64Array.from(rows, ({ latencyMs }) => latencyMs).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** The event time at which the step under way has been held for long enough; undefined before its first request. */
export function holdEnds({ began, steps, step }: Rollout): number | undefined {
  const since = began?.eventTime ?? undefined
  return since === undefined ? undefined : since + (steps[step]?.hold.eventMs ?? 0)
}

const isLiveState = (state: RolloutState) => (LIVE_STATES as readonly RolloutState[]).includes(state)

/** The event time at which it went live. */
export function liveSince({ history }: Rollout): number | undefined {
  return history.find(({ state, eventTime }) => isLiveState(state) && eventTime !== null)?.eventTime ?? undefined
}
