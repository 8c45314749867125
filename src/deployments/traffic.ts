import type { Sticky, Traffic, WeightedVersion } from './contract.ts'

/** What an endpoint keeps; who answers follows from it. */
export interface EndpointState {
  /** Versions promoted and not withdrawn, oldest first; the last is the champion. */
  promoted: readonly number[]
  canary: { version: number; share: number; sticky?: Sticky | null } | null
  /** Score in the shadow: a candidate before it answers, or challengers. */
  shadow: readonly number[]
  /** The first version promoted here, when it is to keep scoring in shadow. */
  reference: number | null
  /** The last time that somebody went back by hand from what had been promoted; gone with the next promotion. */
  back?: { from: number; to: number; by: string; reason: string; at: number } | null
  /** Parts of a committee by version, from recent losses; those missing count as the mean of the others. */
  weights: Readonly<Record<string, number>>
}

export const EMPTY: EndpointState = { promoted: [], canary: null, shadow: [], reference: null, weights: {} }

/**
 * Who answers.
 *
 * @param committee how many of the last versions answer together; 1 is the champion alone
 * @param keep how many promoted versions stay loaded to be rolled back to
 */
export function trafficOf(state: EndpointState, committee: number, keep: number): Traffic {
  const stable = weighted(state.promoted.slice(-committee), state.weights)
  const { canary } = state
  return {
    stable,
    canary: canary && {
      ...canary,
      answer: weighted(
        [...state.promoted.slice(-committee + 1 || state.promoted.length), canary.version],
        state.weights,
      ),
    },
    shadow: [...state.shadow],
    reference: state.reference,
    kept: state.promoted.slice(-Math.max(keep, committee)),
  }
}

function weighted(versions: readonly number[], weights: EndpointState['weights']): WeightedVersion[] {
  const known = versions.map((version) => weights[version]).filter((weight) => weight !== undefined)
  const unknown = known.length > 0 ? known.reduce((sum, weight) => sum + weight, 0) / known.length : 1
  const raw = versions.map((version) => weights[version] ?? unknown)
  const total = raw.reduce((sum, weight) => sum + weight, 0)
  return versions.map((version, i) => ({ version, weight: total > 0 ? raw[i]! / total : 1 / versions.length }))
}
