import type { Estimate } from './contract.ts'
import { Z95 } from './distributions.ts'

/** A proportion with Wilson's 95 % score interval (1927), which stays sensible for few rows and near 0 and 1. */
export function wilson(successes: number, trials: number): Estimate {
  if (trials === 0) return { value: Number.NaN, lower95: null, upper95: null }
  const share = successes / trials
  const z2 = Z95 * Z95
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
  const reach = (Z95 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials))
  return {
    value: share,
    lower95: successes === 0 ? 0 : middle - reach,
    upper95: successes === trials ? 1 : middle + reach,
  }
}
