import { setTimeout as sleep } from 'node:timers/promises'
import { ulid } from 'ulid'
import { type Deployments, isLive } from '#deployments'
import type { Endpoint, Rollout } from '#deployments/contract'
import { defaultMetric } from '#evaluation'
import type { Events } from '#platform/events'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { PredictionReads, StoredPrediction } from '#serving'
import { nextAlert } from './alerts.ts'
import { type CandidateVerdict, holdEnds, judgeCandidate, liveSince } from './candidate.ts'
import { type Closed, closePeriod } from './close.ts'
import { PeriodOvertaken } from './errors.ts'
import { alertEvent, periodClosed, periodEvent } from './events.ts'
import { labelledOf } from './labelled-rows.ts'
import { isAstray, openEnd, startOfPeriod } from './periods.ts'
import { lookBack, type MonitorPlan, planOf } from './plan.ts'
import { RecentRows, type ServedRow } from './recent-rows.ts'
import type { MonitorState } from './state.ts'
import { firstSeqAfter, insertPoint, openAlertIn, saveAlert, saveState, stateOf } from './store.ts'
import type { VersionFacts, Versions } from './versions.ts'
import { weightsOf } from './weights.ts'

export interface WatchNeeds {
  readonly storage: Storage
  readonly events: Events
  readonly clock: Clock
  readonly log: Logger
  readonly projects: Pick<Projects, 'project'>
  readonly deployments: Pick<Deployments, 'endpoint' | 'rollouts' | 'looks' | 'move' | 'setWeights'>
  readonly reads: Pick<PredictionReads, 'predictionsSince' | 'labelledSince' | 'counts' | 'watermark'>
  readonly versions: Versions
}

/** Follows the prediction log of one endpoint and closes its periods. */
export interface Watch {
  /** Looks for what is new, soon; told again while it looks, it looks once more. */
  notice(): void
  /** Judges roll-outs whose steps are held by the clock or by requests, after what is logged has been looked at. */
  lookByClock(): void
  /** Whether all that is logged was looked at. */
  settled(): Promise<boolean>
  stop(): Promise<void>
}

/** What is known of the endpoint between two looks; rebuilt from the database when it is lost. */
interface Memory {
  plan: MonitorPlan
  endpoint: Endpoint
  /** The live one that may answer. */
  rollout: Rollout | undefined
  /** In the shadow, beside the champion. */
  challengers: readonly Rollout[]
  state: MonitorState | undefined
  rows: RecentRows
  /** Rows that were read and not looked at yet, by id. */
  ahead: Map<string, ServedRow>
  /** The last row of the log that was looked at. */
  seq: number
  /** Rows since the last closed period, and the first of them. */
  predictions: number
  firstSeq: number | undefined
  /** The end of the period that rows are collected for. */
  end: number | undefined
  /** Corrections of labels that `rows` have. */
  corrected: number
  /** The last event time at which the canary was judged. */
  judged: number
  /** Weights that the endpoint is known to have. */
  applied: Readonly<Record<string, number>>
}

/** Rows read at once: decoding them takes some milliseconds, in which requests wait. */
const PAGE = 500
/** A look costs a millisecond even when it finds nothing: busy endpoints are looked at ten times a second. */
const REST_MS = 100
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 60_000
/** Weights that moved less are not worth a change of traffic. */
const LEAST_CHANGE = 0.001

export function watchEndpoint(needs: WatchNeeds, name: string): Watch {
  const { storage, events, clock, log, projects, deployments, reads, versions } = needs
  let memory: Memory | undefined
  let working: Promise<void> | undefined
  let again = false
  let clockDue = false
  let failures = 0
  let lastLook = Number.NEGATIVE_INFINITY
  let hurry: (() => void) | undefined
  const stopping = new AbortController()
  const isStopped = () => stopping.signal.aborted

  function notice(): void {
    again = true
    working ??= rest()
      .then(look)
      .finally(() => {
        working = undefined
        if (again && !isStopped()) notice()
      })
  }

  /** Until enough time has passed since the last look, or somebody waits for this one. */
  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, lastLook + REST_MS - performance.now()))
      hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function look(): Promise<void> {
    hurry = undefined
    while (again && !isStopped()) {
      again = false
      try {
        await catchUp()
        failures = 0
        lastLook = performance.now()
        return
      } catch (error) {
        // What was half done stands in the database whole or not at all.
        memory = undefined
        again = true
        if (error instanceof PeriodOvertaken) continue
        log.error({ err: error, endpoint: name }, 'the monitors could not close a period and will try again')
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++)
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  async function catchUp(): Promise<void> {
    const endpoint = await deployments.endpoint(name)
    const { project } = endpoint
    // Outside of a project nobody has said what to watch.
    const plan = project === null ? undefined : planOf((await projects.project(project)).spec, name)
    if (!plan) return
    const live = await liveRollouts()
    // Windows that were made longer reach rows that are forgotten.
    if (memory && lookBack(plan) > lookBack(memory.plan)) memory = undefined
    memory = memory ? Object.assign(memory, { plan, endpoint, ...live }) : await remember({ plan, endpoint, ...live })
    for (;;) {
      const page = await reads.predictionsSince(name, memory.seq, PAGE)
      await take(memory, page)
      if (isStopped()) return
      if (page.length < PAGE) break
    }
    await weighNewMembers(memory)
    if (!clockDue) return
    clockDue = false
    await judgeByClock(memory)
  }

  async function liveRollouts(): Promise<Pick<Memory, 'rollout' | 'challengers'>> {
    const live = (await deployments.rollouts({ endpoint: name, unfinished: true })).filter(({ state }) => isLive(state))
    return {
      rollout: live.find(({ state }) => state !== 'challenger'),
      challengers: live.filter(({ state }) => state === 'challenger'),
    }
  }

  /** The memory as it was when the last period was closed. */
  async function remember(now: Pick<Memory, 'plan' | 'endpoint' | 'rollout' | 'challengers'>): Promise<Memory> {
    const state = await stateOf(storage, name)
    const memory: Memory = {
      ...now,
      state,
      rows: new RecentRows(state?.stride),
      ahead: new Map(),
      seq: state?.seq ?? 0,
      predictions: 0,
      firstSeq: undefined,
      end: undefined,
      corrected: 0,
      judged: Number.NEGATIVE_INFINITY,
      applied: {},
    }
    await reread(memory, memory.rows.stride)
    return memory
  }

  /** Reads the rows that the windows reach once more, up to the last one that was looked at. */
  async function reread(memory: Memory, stride: number): Promise<void> {
    memory.corrected = (await reads.counts(name)).corrected
    memory.rows = new RecentRows(stride)
    const from = keptFrom(memory)
    const first = (memory.state && (await firstSeqAfter(storage, name, from))) ?? memory.firstSeq
    let after = first === undefined ? memory.seq : first - 1
    while (after < memory.seq) {
      const page = await reads.predictionsSince(name, after, PAGE)
      for (const prediction of page) if (prediction.seq <= memory.seq) memory.rows.add(servedRow(prediction))
      after = page.at(-1)?.seq ?? memory.seq
    }
    memory.rows.forgetBefore(from)
  }

  async function take(memory: Memory, page: readonly StoredPrediction[]): Promise<void> {
    for (const prediction of page) memory.ahead.set(prediction.id, servedRow(prediction))
    for (const { id, seq, eventTime, receivedAt } of page) {
      if (isStopped()) return
      if (!isAstray(eventTime, receivedAt, memory.end ?? memory.state?.through)) {
        await advance(memory, eventTime)
        memory.end ??= openEnd(eventTime, memory.state?.through, memory.plan.every)
        memory.rows.add(memory.ahead.get(id)!)
        memory.predictions++
        memory.firstSeq ??= seq
      }
      memory.ahead.delete(id)
      memory.seq = seq
    }
  }

  /** Does what is due by `time`, in the order of event time: closes periods, moves roll-outs. */
  async function advance(memory: Memory, time: number): Promise<void> {
    for (;;) {
      const end = memory.end !== undefined && memory.end <= time ? memory.end : Number.POSITIVE_INFINITY
      const step = nextStep(memory, time)
      if (Math.min(end, step) === Number.POSITIVE_INFINITY) return
      if (end <= step) await close(memory, end, time)
      else await judgeRollout(memory, 'period', step)
    }
  }

  async function close(memory: Memory, through: number, time: number): Promise<void> {
    const { plan } = memory
    memory.endpoint = await deployments.endpoint(name)
    const { model, champion, traffic } = memory.endpoint
    const project = memory.endpoint.project!
    const version = champion ?? memory.state?.champion
    // Whatever answered was taken away again before a period was over: there is nobody to watch.
    if (version === undefined) return passOver(memory)
    if ((await reads.counts(name)).corrected !== memory.corrected) await reread(memory, memory.rows.stride)
    const { late, joined } = await readLabels(memory)
    const closed = closePeriod({
      ...{ endpoint: name, project, plan, through, late, joined },
      before: memory.state,
      champion: await versions.champion(model, version),
      reference: traffic.reference,
      members: await members(memory),
      rows: memory.rows,
      predictions: memory.predictions,
      seq: memory.seq,
    })
    await save(memory, closed)
    memory.state = closed.state
    passOver(memory)
    Object.assign(memory, await liveRollouts())
    memory.rows.forgetBefore(keptFrom(memory))
    if (memory.rows.isSparse) await reread(memory, memory.rows.stride / 2)
    await apply(memory, closed.state.weights)
    if (memory.rollout) await judgeRollout(memory, 'period', through)
    if (memory.challengers.length > 0) await judgeChallengers(memory, 'period', through)
    // Days without traffic have no periods of their own; the labels that came due in them have one together.
    const last = startOfPeriod(time, plan.every)
    const due = memory.rows.between(through - plan.labelDelay, last - plan.labelDelay)
    if (last > through && due.some(({ truth }) => truth !== null)) memory.end = last
  }

  function passOver(memory: Memory): void {
    memory.predictions = 0
    memory.firstSeq = undefined
    memory.end = undefined
  }

  /** One transaction: the point, the state, the alert and their events stand together or not at all. */
  async function save(memory: Memory, { point, state, observed, age }: Closed): Promise<void> {
    await storage.write(async (tx) => {
      if (!(await saveState(tx, name, memory.state?.through, state))) throw new PeriodOvertaken(name)
      await insertPoint(tx, point, memory.firstSeq ?? memory.seq + 1)
      const open = await openAlertIn(tx, name)
      const alert = nextAlert(open, observed, ulid(clock.now()), clock.now())
      if (alert && alert !== open) await saveAlert(tx, alert)
      if (alert && !open) await events.publish(tx, alertEvent('monitoring.alert_opened', alert))
      if (alert && alert.closedAt !== null) await events.publish(tx, alertEvent('monitoring.alert_closed', alert))
      const remaining = alert?.closedAt === null ? alert : undefined
      await events.publish(tx, periodEvent(observed.project, periodClosed(point, age, state.newLabels, remaining)))
    })
  }

  /** Follows the labels that came in, and returns the rows whose label came after their time. */
  async function readLabels(memory: Memory): Promise<{ late: ServedRow[]; joined: number }> {
    const due = memory.state ? memory.state.through - memory.plan.labelDelay : Number.NEGATIVE_INFINITY
    const late: ServedRow[] = []
    let joined = memory.state?.joined ?? 0
    for (;;) {
      const page = await reads.labelledSince(name, joined, PAGE)
      for (const { id, groundTruth } of page) {
        const ahead = memory.ahead.get(id)
        if (ahead) ahead.truth = groundTruth.label
        const row = memory.rows.label(id, groundTruth.label)
        if (row && row.eventTime < due) late.push(row)
      }
      joined = page.at(-1)?.joined ?? joined
      if (page.length < PAGE) return { late, joined }
    }
  }

  /** Versions that answer or may soon, where several answer together. */
  async function members({ plan, endpoint: { model, traffic } }: Memory): Promise<VersionFacts[]> {
    if (!plan.combine) return []
    const answering = [...traffic.stable, ...(traffic.canary?.answer ?? [])].map(({ version }) => version)
    return Promise.all([...new Set(answering)].sort((a, b) => a - b).map((version) => versions.facts(model, version)))
  }

  /** A version that begins to answer between two periods gets a weight at once, as of the last one closed. */
  async function weighNewMembers(memory: Memory): Promise<void> {
    const { plan, state, rows, applied } = memory
    if (!plan.combine || !state) return
    memory.endpoint = await deployments.endpoint(name)
    const found = await members(memory)
    if (found.every(({ version }) => applied[version] !== undefined)) return
    const due = state.through - plan.labelDelay
    const labelled = labelledOf(rows.between(due - plan.combine.window, due), found[0]!.signature)
    await apply(memory, weightsOf(labelled, found, plan.combine.temperature))
  }

  async function apply(memory: Memory, weights: Readonly<Record<string, number>>): Promise<void> {
    const names = Object.keys(weights)
    const moved = names.some((one) => !(Math.abs(weights[one]! - (memory.applied[one] ?? Number.NaN)) < LEAST_CHANGE))
    if (!moved) return
    // One version alone answers whatever its weight is.
    if (names.length > 1) await deployments.setWeights(name, weights)
    memory.applied = weights
  }

  /** When the step under way is to be judged next, if that is by `time`. */
  function nextStep({ rollout, judged }: Memory, time: number): number {
    const held = rollout?.steps[rollout.step]?.hold.eventMs ?? 0
    if (!rollout || held === 0) return Number.POSITIVE_INFINITY
    const ends = holdEnds(rollout) ?? time
    return ends <= time && ends > judged ? ends : Number.POSITIVE_INFINITY
  }

  /** Where there is no event time to wait for: with every label that has come. */
  async function judgeByClock(memory: Memory): Promise<void> {
    const { rollout, challengers } = memory
    const byClock = rollout && rollout.steps[rollout.step]?.hold.eventMs === 0
    if (!byClock && challengers.length === 0) return
    await readLabels(memory)
    if (byClock) await judgeRollout(memory, 'clock', Number.POSITIVE_INFINITY)
    if (challengers.length > 0) await judgeChallengers(memory, 'clock', Number.POSITIVE_INFINITY)
  }

  async function judgeRollout(memory: Memory, kind: 'period' | 'clock', at: number): Promise<void> {
    const rollout = memory.rollout!
    memory.judged = at === Number.POSITIVE_INFINITY ? memory.judged : at
    const isFirst = kind === 'period' && liveSince(rollout) === undefined
    const judged = isFirst ? { worse: false, note: 'first traffic' } : await judge(memory, rollout, kind, at)
    // Without a request there is nothing to judge; a replacement part by part compares nothing, and goes on by its clock.
    const isRolling = kind === 'clock' && rollout.steps[rollout.step]?.kind === 'rolling'
    const verdict = judged ?? (isRolling ? { worse: false, note: 'nobody asked anything meanwhile' } : undefined)
    if (!verdict) return
    const moved = await deployments.move(name, rollout.version, await lookOf(verdict, kind, at))
    if (moved && moved.history.length > rollout.history.length) memory.judged = Number.NEGATIVE_INFINITY
    Object.assign(memory, await liveRollouts())
  }

  async function lookOf(verdict: Pick<CandidateVerdict, 'worse' | 'note'>, kind: 'period' | 'clock', at: number) {
    const { predictions: requests } = await reads.counts(name)
    return kind === 'period'
      ? { kind, eventTime: at, requests, ...verdict }
      : { kind, eventTime: (await reads.watermark(name)) ?? null, requests, ...verdict }
  }

  async function judge(
    memory: Memory,
    rollout: Rollout,
    kind: 'period' | 'clock',
    at: number,
  ): Promise<CandidateVerdict | undefined> {
    const { plan, rows, state } = memory
    const began = liveSince(rollout) ?? Number.NEGATIVE_INFINITY
    const candidate = await versions.facts(rollout.model, rollout.version)
    const champion = await versions.facts(rollout.model, memory.endpoint.champion ?? rollout.from!)
    const { experiment } = rollout
    return judgeCandidate({
      rows: rows.between(began, at),
      // Labels of a day that is not over may be in or not: what they say must not depend on the hour of asking.
      labelledBefore:
        kind === 'clock' ? Number.POSITIVE_INFINITY : (state?.through ?? Number.NEGATIVE_INFINITY) - plan.labelDelay,
      ...{ candidate, champion, plan },
      metric: plan.metric ?? defaultMetric(champion.signature.task),
      everyLook: kind === 'clock',
      trial: experiment
        ? {
            experiment,
            before: (await deployments.looks(rollout.id)).looks.at(-1)?.evidence.experiment?.p ?? null,
            over: Number.isFinite(began) && Number.isFinite(at) && at - began >= experiment.atMostMs,
          }
        : undefined,
    })
  }

  /** Ranks the challengers by how much better than the champion they are; the best one may be promoted. */
  async function judgeChallengers(memory: Memory, kind: 'period' | 'clock', at: number): Promise<void> {
    const judged: { rollout: Rollout; verdict: CandidateVerdict }[] = []
    for (const rollout of memory.challengers) {
      const verdict = await judge(memory, rollout, kind, at)
      if (verdict) judged.push({ rollout, verdict })
    }
    const gain = ({ verdict }: (typeof judged)[number]) => verdict.evidence.quality?.improvement?.value ?? -Infinity
    judged.sort((a, b) => gain(b) - gain(a))
    for (const [i, { rollout, verdict }] of judged.entries()) {
      const rank = `${i + 1} of ${judged.length} challengers`
      const decided = i === 0 && verdict.ready && gain(judged[0]!) > 0 ? ('promote' as const) : undefined
      const evidence = { ...verdict.evidence, rank: i + 1 }
      const look = await lookOf({ ...verdict, note: `${verdict.note}, ${rank}` }, kind, at)
      await deployments.move(name, rollout.version, { ...look, decided, evidence })
    }
    Object.assign(memory, await liveRollouts())
  }

  return {
    notice,
    lookByClock: () => {
      clockDue = true
      notice()
    },
    settled: async () => {
      hurry?.()
      if (working) return false
      const seen = memory?.seq ?? (await stateOf(storage, name))?.seq ?? 0
      const unseen = await reads.predictionsSince(name, seen, 1)
      // A hint may have been missed.
      if (unseen.length > 0) notice()
      return unseen.length === 0
    },
    stop: async () => {
      stopping.abort()
      hurry?.()
      await working
    },
  }
}

/** Rows before this event time are of no window any more. */
function keptFrom({ plan, state, rollout, challengers }: Memory): number {
  if (!state) return Number.NEGATIVE_INFINITY
  const began = [...(rollout ? [rollout] : []), ...challengers].map((one) => liveSince(one) ?? Number.POSITIVE_INFINITY)
  return Math.min(state.through - lookBack(plan), ...began)
}

function servedRow(prediction: StoredPrediction): ServedRow {
  const { seq, id, version, route, eventTime, latencyMs, inputs, value, probabilities, scores, groundTruth } =
    prediction
  const truth = groundTruth?.label ?? null
  return { seq, id, version, route, eventTime, latencyMs, inputs, value, probabilities, scores, truth }
}
