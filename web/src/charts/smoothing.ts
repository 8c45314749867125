/**
 * A noisy curve made readable: the exponential moving average with its start corrected, as TensorBoard draws it, so that
 * the first values are not pulled towards zero. What is no number stays a gap and does not count.
 *
 * @param weight of what came before, from 0 (the curve itself) to below 1
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return [...values]
  let average = 0
  let counted = 0
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value
    average = average * weight + (1 - weight) * value
    counted += 1
    return average / (1 - weight ** counted)
  })
}
