import { LIVE_STATES, type RolloutState, type RolloutStep } from '#deployments/contract'
import { count } from '../shell/numbers.ts'
import { span } from '../shell/times.ts'

export const isLive = (state: RolloutState): boolean => (LIVE_STATES as readonly RolloutState[]).includes(state)

/** What a step waits for. */
export function heldWords({ kind, hold }: RolloutStep): string {
  if (kind === 'ab') return 'until the experiment decides'
  if (kind === 'challenger') return 'until it is the best'
  const waits = [
    hold.eventMs > 0 && `${span(hold.eventMs)} of requests`,
    hold.clockMs > 0 && `${span(hold.clockMs)} by the clock`,
    hold.requests > 0 && `${count(hold.requests)} requests`,
  ].filter(Boolean)
  return waits.length === 0 ? 'until the first request' : waits.join(', ')
}

export const STRATEGY_WORDS: Record<string, string> = {
  rolling: 'rolling',
  blue_green: 'blue/green',
  canary: 'canary',
  ab: 'A/B experiment',
  shadow: 'shadow',
  challenger: 'challenger',
}
