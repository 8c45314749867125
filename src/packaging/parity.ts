/** How far a package answers from the model that was logged, over the same rows. */
export interface Parity {
  maxAbsDifference: number
  /** |package − logged| / max(1, |logged|): a 32-bit number has seven digits, whatever its size. */
  maxScaledDifference: number
  rows: number
}

/** What the release checks hold a version to, too: a package that passes here does not fail there for its arithmetic. */
export const TOLERANCE = 1e-5

/** An answer that is missing, or no number, is as far away as can be. */
export function parityOf(packaged: ArrayLike<number>, logged: ArrayLike<number>, rows: number): Parity {
  let maxAbsDifference = packaged.length === logged.length ? 0 : Number.MAX_VALUE
  let maxScaledDifference = maxAbsDifference
  for (let i = 0; i < Math.min(packaged.length, logged.length); i++) {
    const apart = Math.abs(packaged[i]! - logged[i]!)
    const difference = Number.isFinite(apart) ? apart : Number.MAX_VALUE
    maxAbsDifference = Math.max(maxAbsDifference, difference)
    maxScaledDifference = Math.max(maxScaledDifference, difference / Math.max(1, Math.abs(logged[i]!)))
  }
  return { maxAbsDifference, maxScaledDifference, rows }
}

/** `!(… <= …)`, so that what is no number is a breach. */
export const isBreached = ({ maxScaledDifference }: Parity) => !(maxScaledDifference <= TOLERANCE)
