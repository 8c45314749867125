import type { Strategy } from '#projects'
import type { Experiment, RolloutStep, StrategyName } from './contract.ts'

/** A strategy of the project file as the steps that come before promotion. */
export interface StrategyPlan {
  strategy: StrategyName
  steps: readonly RolloutStep[]
  experiment: Experiment | null
  /** After the last step a person decides. */
  waits: boolean
  /** How many versions may run as challengers at once; 0 where none does. */
  challengers: number
}

const NOTHING = { eventMs: 0, clockMs: 0, requests: 0 }

export const AT_ONCE: StrategyPlan = { strategy: 'rolling', steps: [], experiment: null, waits: false, challengers: 0 }

/** Every strategy is a list of steps; one machine walks them all. */
export function strategyPlan(strategy: Strategy): StrategyPlan {
  const hold = holdOf(strategy)
  if ('rolling' in strategy) {
    if (strategy.rolling === true) return AT_ONCE
    const { parts, every } = strategy.rolling
    return {
      ...AT_ONCE,
      steps: Array.from({ length: parts - 1 }, (_, i) => ({
        kind: 'rolling',
        share: (i + 1) / parts,
        hold: { ...NOTHING, clockMs: every },
      })),
    }
  }
  if ('blue_green' in strategy)
    return { ...AT_ONCE, strategy: 'blue_green', steps: [{ kind: 'baking', share: 1, hold }] }
  if ('ab' in strategy) {
    const { share, by, min_effect, base_rate, at_most, ...rest } = strategy.ab
    return {
      ...AT_ONCE,
      strategy: 'ab',
      steps: [{ kind: 'ab', share, hold: NOTHING }],
      experiment: { ...rest, by: by ?? null, minEffect: min_effect, baseRate: base_rate ?? null, atMostMs: at_most },
    }
  }
  if ('shadow' in strategy)
    return {
      ...AT_ONCE,
      strategy: 'shadow',
      steps: [{ kind: 'shadow', share: 0, hold }],
      waits: strategy.afterwards === 'wait',
    }
  if ('challengers' in strategy)
    return {
      ...AT_ONCE,
      strategy: 'challenger',
      steps: [{ kind: 'challenger', share: 0, hold: NOTHING }],
      challengers: strategy.challengers,
    }
  // The last share is all of the traffic, which is promotion: nothing is left to compare with.
  const shares = strategy.canary.filter((share) => share < 1)
  return { ...AT_ONCE, strategy: 'canary', steps: shares.map((share) => ({ kind: 'canary', share, hold })) }
}

function holdOf(strategy: Strategy): RolloutStep['hold'] {
  return {
    eventMs: ('hold' in strategy && strategy.hold) || 0,
    clockMs: ('clock' in strategy && strategy.clock) || 0,
    requests: ('requests' in strategy && strategy.requests) || 0,
  }
}
