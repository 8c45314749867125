import { type Deployments, isLive } from '#deployments'
import type { Evidence, Rollout } from '#deployments/contract'
import type { Logger } from '#platform/log'
import type { Clock } from '#platform/time'
import { evaluateCondition, type Projects, type RollbackContext } from '#projects'
import type { RecentStats, Serving } from '#serving'
import { planOf } from './plan.ts'
import { counted } from './wording.ts'

/** Roll-outs are looked at so often by the clock: an alarm that takes a minute has failed a minute of requests. */
const EVERY_MS = 1_000
/** One failure among three requests says nothing. */
const LEAST_REQUESTS = 20
/** Fewer have no 99th percentile worth the name. */
const LEAST_TIMED = 100
/** How far before a step the champion is looked at. */
const BEFORE_MS = 600_000
/** A version that is still not in memory by then is not going to be: its package is broken, or does not fit. */
const LOADED_WITHIN_MS = 30_000

export interface AlarmNeeds {
  readonly clock: Clock
  readonly log: Logger
  readonly projects: Pick<Projects, 'project'>
  readonly deployments: Pick<Deployments, 'rollouts' | 'move'>
  readonly serving: Pick<Serving, 'recent' | 'scoring' | 'inMemory'>
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
    const recent = serving.recent(endpoint, began!.at)
    const found = alarmOf(rollout, recent)
    const verdict = evaluateCondition(plan.rollBackIf, found.context)
    const isLate = isMissing && clock.now() - began!.at > LOADED_WITHIN_MS
    const over = await limitBroken(rollout, recent)
    if (over?.hold) return held(rollout, over.words)
    if (!isLate && !over && (found.requests < LEAST_REQUESTS || !verdict.passed)) return false
    const why = isLate
      ? `v${version} could not be loaded`
      : over
        ? over.words
        : `${found.words}; worse: ${verdict.explanation}`
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

  /**
   * What a version takes beyond the limits of its environment. Where the champion alone took too long before it came, that is the
   * machine's doing: then the step is held rather than the version blamed.
   */
  async function limitBroken(
    { endpoint, project, version, model, from, began }: Rollout,
    { versions }: RecentStats,
  ): Promise<{ words: string; hold: boolean } | undefined> {
    const { spec } = await projects.project(project!)
    const limits = spec.environments[spec.deploy[endpoint]?.environment ?? '']?.limits
    const { memory } = limits ?? {}
    const process = serving
      .inMemory()
      .models.find((one) => one.name === `${model}@${version}` && one.placement === 'process' && one.loaded)
    if (memory !== undefined && process && process.bytes > memory)
      return {
        words: `the process of v${version} takes ${megabytes(process.bytes)}; its environment allows ${megabytes(memory)}`,
        hold: false,
      }
    const most = limits?.latency
    const mine = timed(versions, version)
    if (most === undefined || !mine || mine.p99 <= most) return undefined
    const own = `p99 of v${version} is ${mine.p99.toFixed(1)} ms in ${mine.requests} requests; its environment allows ${most} ms`
    // Not beside it: where both score every request, a slow newcomer makes the champion slow, too.
    const before = timed(serving.recent(endpoint, began!.at - BEFORE_MS, began!.at).versions, from)
    if (before && before.p99 > most)
      return { words: `${own}, and v${from} alone took ${before.p99.toFixed(1)} ms before`, hold: true }
    return { words: own, hold: false }
  }

  /** Nothing is decided while neither keeps to the limit; a person sees why, and resumes. */
  async function held({ endpoint, version, paused }: Rollout, why: string): Promise<boolean> {
    if (!paused) {
      await deployments.move(endpoint, version, { kind: 'paused', by: 'orrery', reason: `alarm: ${why}` })
      log.warn({ endpoint, version, why }, 'a roll-out was held')
    }
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

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

/** The latency of a version that answered often enough to have one. */
function timed(versions: RecentStats['versions'], version: number | null) {
  const { timed: requests = 0, latency = null } = (version === null ? undefined : versions.get(version)) ?? {}
  return latency && requests >= LEAST_TIMED ? { requests, p99: latency.p99 } : undefined
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
