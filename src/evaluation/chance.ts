import { normalTail } from './distributions.ts'

/** What counts as chance: how rare it must be not to, and how many rows are worth one independent row. */
export interface Chance {
  readonly tail: number
  readonly designEffect: number
}

/** Whether a deviation of `z` standard errors, found on rows taken for independent, is too rare for chance. */
export function isBeyondChance(z: number, { tail, designEffect }: Chance): boolean {
  return 2 * normalTail(Math.abs(z) / Math.sqrt(designEffect)) < tail
}

// A share that moved by less is not worth a word, however many rows prove it.
export const LEAST_SHARE = 0.01

/** Two-sample test of proportions with pooled variance, and a difference that matters. */
export function sharesDiffer(x1: number, n1: number, x2: number, n2: number, chance: Chance): boolean {
  const apart = Math.abs(x2 / n2 - x1 / n1)
  const pooled = (x1 + x2) / (n1 + n2)
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
  return apart >= LEAST_SHARE && isBeyondChance(apart / error, chance)
}
