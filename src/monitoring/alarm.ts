import { type Deployments, isLive } from '#deployments'
import type { Evidence, Rollout } from '#deployments/contract'
import type { Logger } from '#platform/log'
import type { Clock } from '#platform/time'
import { evaluateCondition, type Projects, type RollbackContext } from '#projects'
import type { Serving } from '#serving'
import { planOf } from './plan.ts'
import { counted } from './wording.ts'

/** Roll-outs are looked at so often by the clock: an alarm that takes a minute has failed a minute of requests. */
const EVERY_MS = 1_000
/** One failure among three requests says nothing. */
const LEAST_REQUESTS = 20
/** A version that is still not in memory by then is not going to be: its package is broken, or does not fit. */
const LOADED_WITHIN_MS = 30_000

export interface AlarmNeeds {
  readonly clock: Clock
  readonly log: Logger
  readonly projects: Pick<Projects, 'project'>
  readonly deployments: Pick<Deployments, 'rollouts' | 'move'>
  readonly serving: Pick<Serving, 'recent' | 'scoring'>
  /** Judges the steps that are held by the clock. */
  readonly lookByClock: (endpoint: string) => void
}

/**
 * Watches live roll-outs by the clock on the wall: takes a version back on its errors and its latency when they happen,
 * not when a period of event time is over, and moves the steps that are held by the clock or by requests.
 *
 * @returns what ends it
 */
export function watchClock(needs: AlarmNeeds): () => Promise<void> {
  const { clock, log, projects, deployments, serving, lookByClock } = needs
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    const live = (await deployments.rollouts({ unfinished: true })).filter(({ state }) => isLive(state))
    for (const rollout of live) if (!(await raised(rollout)) && isByClock(rollout)) lookByClock(rollout.endpoint)
  }

  async function raised(rollout: Rollout): Promise<boolean> {
    const { endpoint, project, version, began } = rollout
    const plan = project === null || !began ? undefined : planOf((await projects.project(project)).spec, endpoint)
    if (!plan) return false
    const scoring = serving.scoring(endpoint)
    const isMissing = scoring.length > 0 && !scoring.includes(version)
    const found = alarmOf(rollout, serving.recent(endpoint, began!.at))
    const verdict = evaluateCondition(plan.rollBackIf, found.context)
    const isLate = isMissing && clock.now() - began!.at > LOADED_WITHIN_MS
    if (!isLate && (found.requests < LEAST_REQUESTS || !verdict.passed)) return false
    const why = isLate ? `v${version} could not be loaded` : `${found.words}; worse: ${verdict.explanation}`
    await deployments.move(endpoint, version, {
      kind: 'clock',
      eventTime: null,
      worse: true,
      note: `alarm: ${why}`,
      evidence: {
        ...found.evidence,
        conditions: [{ condition: plan.rollBackIf.text, holds: verdict.passed, explanation: verdict.explanation }],
      },
    })
    log.warn({ endpoint, version, why }, 'a roll-out was taken back')
    return true
  }

  const timer = setInterval(() => {
    looking ??= look()
      .catch((error) => log.error({ err: error }, 'roll-outs could not be looked at; the next look is in a second'))
      .finally(() => {
        looking = undefined
      })
  }, EVERY_MS)
  return async () => {
    clearInterval(timer)
    await looking
  }
}

const isByClock = ({ steps, step }: Rollout) => steps[step]?.hold.eventMs === 0

/** What is known without the log: errors and latency of both since the step began. */
function alarmOf({ version, from }: Rollout, { rows, versions }: ReturnType<Serving['recent']>) {
  const of = (one: number | null) => (one === null ? undefined : versions.get(one))
  const errorsOf = (one: number | null) => {
    const count = of(one)?.failed ?? 0
    // A failure is counted when a version fails, its request when somebody has answered it: a moment later.
    const requests = Math.max(rows, count)
    return { count, requests, rate: requests > 0 ? count / requests : null }
  }
  const errors = { candidate: errorsOf(version), champion: errorsOf(from) }
  const latency = { candidate: of(version)?.latency ?? null, champion: of(from)?.latency ?? null }
  const context: RollbackContext = {
    errors: errors.candidate,
    latency: latency.candidate,
    champion: { version: from, errors: errors.champion, latency: latency.champion },
  }
  const evidence: Evidence = {
    ...{ requests: rows, errors, latency, answers: null, labels: 0, quality: null, value: null },
    ...{ experiment: null, rank: null, conditions: [] },
  }
  const words = `v${version} failed ${counted(errors.candidate.count, 'request')} of ${errors.candidate.requests} since its step began`
  return { requests: rows, context, evidence, words }
}
