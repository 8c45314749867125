import type { Rollout, RolloutEntry, RolloutState } from './contract.ts'

/** What moves a roll-out. */
export type RolloutEvent =
  | { kind: 'checked'; passed: boolean; note: string }
  | { kind: 'certified'; by: string; eventTime: number | null }
  | { kind: 'refused'; by: string; reason: string }
  | { kind: 'period'; eventTime: number; worse: boolean; note: string }
  | { kind: 'withdrawn'; by: string; reason: string }

const FINISHED: readonly RolloutState[] = ['promoted', 'rolled_back', 'rejected', 'aborted']

export const isFinished = (state: RolloutState): boolean => FINISHED.includes(state)

/**
 * The roll-out after an event; the same object when the event does not concern its state, which makes every handler
 * idempotent.
 *
 * A canary without a champion to compare with goes straight to all of the traffic. Each step is held for `holdMs` of
 * event time, so that slow traffic is not judged sooner than fast one; the last step (100 %) promotes at once,
 * because nothing is left to compare it with.
 */
export function advance(rollout: Rollout, event: RolloutEvent, now: number): Rollout {
  if (isFinished(rollout.state)) return rollout
  switch (event.kind) {
    case 'checked':
      if (rollout.state !== 'staging') return rollout
      return event.passed
        ? moved(rollout, 'awaiting_certification', 0, event.note, now, null)
        : moved(rollout, 'rejected', 0, event.note, now, null)
    case 'certified':
      if (rollout.state !== 'awaiting_certification') return rollout
      if (rollout.from === null || rollout.steps.length <= 1)
        return moved(
          { ...rollout, step: rollout.steps.length - 1 },
          'promoted',
          1,
          `certified by ${event.by}`,
          now,
          event.eventTime,
        )
      return moved(
        { ...rollout, step: 0 },
        'canary',
        rollout.steps[0]!,
        `certified by ${event.by}; the canary starts with ${percent(rollout.steps[0]!)}`,
        now,
        event.eventTime,
      )
    case 'refused':
      if (rollout.state !== 'staging' && rollout.state !== 'awaiting_certification') return rollout
      return moved(rollout, 'rejected', 0, `refused by ${event.by}: ${event.reason}`, now, null)
    case 'withdrawn':
      return moved(rollout, 'aborted', 0, `withdrawn by ${event.by}: ${event.reason}`, now, null)
    case 'period':
      return rollout.state === 'canary' ? afterPeriod(rollout, event, now) : rollout
  }
}

function afterPeriod(rollout: Rollout, event: Extract<RolloutEvent, { kind: 'period' }>, now: number): Rollout {
  if (event.worse) return moved(rollout, 'rolled_back', 0, event.note, now, event.eventTime)
  const since = rollout.history.at(-1)?.eventTime ?? null
  // A roll-out certified before any traffic has no event time yet: its hold starts with the first period.
  if (since === null) return moved(rollout, 'canary', rollout.share, 'first traffic', now, event.eventTime)
  if (event.eventTime - since < rollout.holdMs) return rollout
  const step = rollout.step + 1
  const share = rollout.steps[step] ?? 1
  const note = `${event.note}; ${percent(rollout.share)} → ${percent(share)}`
  return moved({ ...rollout, step }, share >= 1 ? 'promoted' : 'canary', share, note, now, event.eventTime)
}

function moved(
  rollout: Rollout,
  state: RolloutState,
  share: number,
  note: string,
  at: number,
  eventTime: number | null,
): Rollout {
  const entry: RolloutEntry = { at, eventTime, state, share, note }
  return {
    ...rollout,
    state,
    share,
    history: [...rollout.history, entry],
    finishedAt: isFinished(state) ? at : null,
  }
}

const percent = (share: number) => `${Math.round(share * 1000) / 10} %`
