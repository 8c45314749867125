import { type Evidence, LIVE_STATES, type Rollout, type RolloutEntry, type RolloutState } from './contract.ts'

/** What a look at a live roll-out found. */
interface Look {
  /** Event time that the endpoint has reached, ms; null before its first request. */
  eventTime: number | null
  /** Requests that the endpoint has answered by now. */
  requests?: number | null
  /** Its `roll_back_if` holds. */
  worse: boolean
  /** False while its `promote_if` does not hold: the step goes on. */
  ready?: boolean
  /** What an experiment, or a comparison of challengers, has come to. */
  decided?: 'promote' | 'keep' | undefined
  note: string
  evidence?: Evidence
}

/** What moves a roll-out. */
export type RolloutEvent =
  | { kind: 'checked'; passed: boolean; note: string }
  | { kind: 'certified'; by: string; eventTime: number | null; requests?: number | null }
  | { kind: 'refused'; by: string; reason: string }
  /** In event time: what it decides does not depend on when anybody looked. */
  | ({ kind: 'period'; eventTime: number } & Look)
  /** By the clock on the wall. */
  | ({ kind: 'clock' } & Look)
  | { kind: 'paused'; by: string; reason: string }
  | { kind: 'resumed'; by: string; reason: string }
  | { kind: 'skipped'; by: string; reason: string }
  | { kind: 'withdrawn'; by: string; reason: string }

const FINISHED: readonly RolloutState[] = ['promoted', 'rolled_back', 'rejected', 'aborted']

export const isFinished = (state: RolloutState): boolean => FINISHED.includes(state)

/** Whether the version scores what its endpoint is asked. */
export const isLive = (state: RolloutState): boolean => (LIVE_STATES as readonly RolloutState[]).includes(state)

/**
 * The roll-out after an event; the same object when the event does not concern its state, which makes every handler
 * idempotent.
 *
 * A version without a champion to compare with goes straight to all of the traffic. A step that is held in event time
 * moves on with event time only, so that slow traffic is not judged sooner than fast one and a replay decides the same;
 * others move on by the clock. A rule takes a version back in either time, paused or not.
 */
export function advance(rollout: Rollout, event: RolloutEvent, now: number): Rollout {
  if (isFinished(rollout.state)) return rollout
  switch (event.kind) {
    case 'checked':
      if (rollout.state !== 'staging') return rollout
      return moved(rollout, event.passed ? 'awaiting_certification' : 'rejected', { note: event.note }, now)
    case 'certified': {
      if (rollout.state !== 'awaiting_certification') return rollout
      const first = rollout.from === null ? undefined : rollout.steps[0]
      const words = first ? `; ${startWords(first.kind, first.share)}` : ''
      const note = `certified by ${event.by}${words}`
      return entered(rollout, first ? 0 : rollout.steps.length, { ...event, note }, now)
    }
    case 'refused':
      if (rollout.state !== 'staging' && rollout.state !== 'awaiting_certification') return rollout
      return moved(rollout, 'rejected', { note: `refused by ${event.by}: ${event.reason}`, by: event.by }, now)
    case 'withdrawn':
      return moved(rollout, 'aborted', { note: `withdrawn by ${event.by}: ${event.reason}`, by: event.by }, now)
    case 'paused':
      if (!isLive(rollout.state) || rollout.paused) return rollout
      return {
        ...noted(rollout, { note: `paused by ${event.by}: ${event.reason}`, by: event.by }, now),
        paused: { at: now, by: event.by, reason: event.reason },
      }
    case 'resumed':
      if (!rollout.paused) return rollout
      return {
        ...noted(rollout, { note: `resumed by ${event.by}: ${event.reason}`, by: event.by }, now),
        paused: null,
        pausedMs: rollout.pausedMs + now - rollout.paused.at,
      }
    case 'skipped': {
      if (!isLive(rollout.state)) return rollout
      const note = `step skipped by ${event.by}: ${event.reason}`
      return entered(rollout, rollout.step + 1, { note, by: event.by }, now)
    }
    case 'period':
    case 'clock':
      return isLive(rollout.state) ? afterLook(rollout, event, now) : rollout
  }
}

type LookEvent = Extract<RolloutEvent, { kind: 'period' | 'clock' }>

function afterLook(rollout: Rollout, event: LookEvent, now: number): Rollout {
  if (event.worse) return moved(rollout, 'rolled_back', event, now)
  const { kind, hold } = rollout.steps[rollout.step]!
  const began = rollout.began ?? { at: now, eventTime: null, requests: null }
  // Certified before any traffic, or begun by a person: what is held is counted from the first look.
  if (event.kind === 'period' && began.eventTime === null)
    return {
      ...noted(rollout, { ...event, note: 'first traffic' }, now),
      began: { ...began, eventTime: event.eventTime, requests: event.requests ?? began.requests },
    }
  if (rollout.paused) return rollout
  if (kind === 'ab' || kind === 'challenger') {
    if (event.decided === 'promote') return entered(rollout, rollout.step + 1, event, now)
    return event.decided === 'keep' ? moved(rollout, 'rolled_back', event, now) : rollout
  }
  if ((event.kind === 'clock') !== (hold.eventMs === 0) || event.ready === false) return rollout
  const held =
    (hold.eventMs === 0 || event.eventTime! - began.eventTime! >= hold.eventMs) &&
    (hold.clockMs === 0 || now - began.at - rollout.pausedMs >= hold.clockMs) &&
    (hold.requests === 0 || (event.requests ?? 0) - (began.requests ?? event.requests ?? 0) >= hold.requests)
  if (!held) {
    const isUncounted = hold.requests > 0 && began.requests === null && typeof event.requests === 'number'
    return isUncounted ? { ...rollout, began: { ...began, requests: event.requests ?? null } } : rollout
  }
  const isLast = rollout.step + 1 >= rollout.steps.length
  if (isLast && rollout.waits) {
    const reason = `the ${kind} is over: skip this step to promote v${rollout.version}, or abort`
    return {
      ...noted(rollout, { ...event, note: `${event.note}; ${reason}` }, now),
      paused: { at: now, by: 'orrery', reason },
    }
  }
  const next = rollout.steps[rollout.step + 1]
  const note = `${event.note}; ${percent(rollout.share)} → ${percent(next?.share ?? 1)}`
  return entered(rollout, rollout.step + 1, { ...event, note }, now)
}

/** At the beginning of a step; behind the last one, promoted. */
function entered(rollout: Rollout, step: number, found: Found, now: number): Rollout {
  const next = rollout.steps[step]
  return moved({ ...rollout, step }, next?.kind ?? 'promoted', found, now, next?.share ?? 1)
}

interface Found {
  note: string
  by?: string | null
  eventTime?: number | null
  requests?: number | null
  evidence?: Evidence
}

function moved(rollout: Rollout, state: RolloutState, found: Found, at: number, share = 0): Rollout {
  const after = noted({ ...rollout, state, share }, found, at)
  const { eventTime = null, requests = null } = found
  return {
    ...after,
    began: isLive(state) ? { at, eventTime, requests } : null,
    paused: null,
    pausedMs: 0,
    finishedAt: isFinished(state) ? at : null,
  }
}

function noted(rollout: Rollout, { note, by = null, eventTime = null, evidence }: Found, at: number): Rollout {
  const { state, share } = rollout
  // Who signed is in the note; here stands who moved this roll-out by hand.
  const entry: RolloutEntry = { at, eventTime, state, share, note, by, evidence: evidence ?? null }
  return { ...rollout, history: [...rollout.history, entry] }
}

function startWords(kind: Rollout['state'], share: number): string {
  switch (kind) {
    case 'shadow':
      return 'it begins in the shadow'
    case 'challenger':
      return 'it challenges the champion from the shadow'
    case 'ab':
      return `the experiment begins with ${percent(share)}`
    case 'baking':
      return 'all of the traffic is switched to it, the old version stays warm'
    case 'rolling':
      return `it takes ${percent(share)}`
    default:
      return `the canary starts with ${percent(share)}`
  }
}

const percent = (share: number) => `${Math.round(share * 1000) / 10} %`
