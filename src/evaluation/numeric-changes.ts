import { type Chance, isBeyondChance, LEAST_SHARE } from './chance.ts'
import type { Change, NumericHistogram } from './contract.ts'
import { chiSquareP } from './distance.ts'
import { percent, shortNumber } from './groups.ts'
import { presentRows } from './histogram.ts'

// Means that moved by less than a tenth of the reference's standard deviation are not worth a word.
const LEAST_SHIFT = 0.1
// What a shift of 0.1 standard deviations is to two normals: P(current > reference) = Phi(0.1 / sqrt(2)) = 0.528.
const LEAST_EXCESS = 0.028
const LEAST_SPREAD_RATIO = 1.25

/** A column that was always the same and no longer is, or the reverse. */
export function lifeChange(reference: NumericHistogram, current: NumericHistogram, chance: Chance): Change[] {
  if (current.mean === null) return []
  const now = `mean ${shortNumber(current.mean)}`
  if (reference.mean === null) {
    return [{ kind: 'came_alive', from: null, to: current.mean, text: `came alive: was always missing, now ${now}` }]
  }
  if (isConstant(reference) && !isConstant(current)) {
    const text = `came alive: was always ${shortNumber(reference.mean)}, now ${now}`
    return [{ kind: 'came_alive', from: reference.mean, to: current.mean, text }]
  }
  if (!isConstant(reference) && isConstant(current) && !isLikelyRun(reference, current, chance)) {
    const text = `went constant: mean ${shortNumber(reference.mean)}, now always ${shortNumber(current.mean)}`
    return [{ kind: 'went_constant', from: reference.mean, to: current.mean, text }]
  }
  return []
}

/** All values equal, but for the rounding of 32-bit floats. */
function isConstant(h: NumericHistogram): boolean {
  return h.max! - h.min! <= Math.max(Math.abs(h.max!), Math.abs(h.min!)) * 2 ** -22
}

/** Whether so many equal values in a row may be chance: at most the share of their bin, to the power of their number. */
function isLikelyRun(reference: NumericHistogram, current: NumericHistogram, chance: Chance): boolean {
  const bin = current.counts.findIndex((count) => count > 0)
  const share = reference.counts[bin]! / presentRows(reference)
  return share ** (presentRows(current) / chance.designEffect) >= chance.tail
}

export function valueChanges(reference: NumericHistogram, current: NumericHistogram, chance: Chance): Change[] {
  const changes: Change[] = []
  if (reference.mean === null || current.mean === null) return changes
  const [n1, n2] = [presentRows(reference), presentRows(current)]
  if (isConstant(reference)) {
    // Always one value, then always another: the mean says it, and there is no spread to compare with.
    if (isConstant(current) && current.below + current.above === n2) {
      changes.push(moved('mean', reference.mean, current.mean))
    }
    return changes
  }
  // Moments of heavy-tailed columns move with single values; what the bins do not show is not told.
  const binsDiffer = chiSquareP(reference.counts, current.counts, chance.designEffect) < chance.tail
  if (binsDiffer) changes.push(...shiftBetween(reference, current, chance))
  if (isManyOutside(n1, Math.max(current.below, current.above), n2, chance)) {
    const range = `${shortNumber(reference.min!)} to ${shortNumber(reference.max!)}`
    const to = (current.below + current.above) / n2
    changes.push({ kind: 'outside', from: 0, to, text: `${percent(to)} outside the range seen before (${range})` })
  }
  if (binsDiffer && !isConstant(current) && spreadDiffers(reference, current, chance)) {
    const [from, to] = [reference.std!, current.std!]
    const text = `standard deviation ${shortNumber(from)} → ${shortNumber(to)}`
    changes.push({ kind: to > from ? 'wider' : 'narrower', from, to, text })
  }
  return changes
}

/**
 * Up or down, by the mean; or, where a few large values drown the mean, by how often a current value exceeds a reference
 * one (Mann and Whitney's test on the bins), told as medians.
 */
function shiftBetween(reference: NumericHistogram, current: NumericHistogram, chance: Chance): Change[] {
  const [n1, n2] = [presentRows(reference), presentRows(current)]
  const shift = current.mean! - reference.mean!
  const error = Math.sqrt(reference.std! ** 2 / n1 + current.std! ** 2 / n2)
  if (Math.abs(shift) >= LEAST_SHIFT * reference.std! && (error === 0 || isBeyondChance(shift / error, chance))) {
    return [moved('mean', reference.mean!, current.mean!)]
  }
  const excess = superiority(reference, current) - 0.5
  if (Math.abs(excess) < LEAST_EXCESS || !isBeyondChance(excess / Math.sqrt((1 / n1 + 1 / n2) / 12), chance)) return []
  const [from, to] = [binnedMedian(reference), binnedMedian(current)]
  return Math.sign(to - from) === Math.sign(excess) ? [moved('median', from, to)] : []
}

function moved(what: 'mean' | 'median', from: number, to: number): Change {
  const kind = to > from ? 'moved_up' : 'moved_down'
  return { kind, from, to, text: `${what} ${shortNumber(from)} → ${shortNumber(to)}` }
}

/** The chance that a current value exceeds a reference one, values of one bin counting as equal. */
function superiority(reference: NumericHistogram, current: NumericHistogram): number {
  let below = 0
  let wins = 0
  for (let bin = 0; bin < reference.counts.length - 1; bin++) {
    wins += current.counts[bin]! * (below + reference.counts[bin]! / 2)
    below += reference.counts[bin]!
  }
  return wins / (presentRows(reference) * presentRows(current))
}

/** The median as far as bins show it: values are taken to be spread evenly within a bin. */
function binnedMedian({ counts, edges, min, max }: NumericHistogram): number {
  const bins = counts.slice(0, -1)
  const half = bins.reduce((sum, count) => sum + count, 0) / 2
  let below = 0
  const bin = bins.findIndex((count) => {
    below += count
    return below >= half
  })
  const from = Math.max(min!, edges[bin - 1] ?? min!)
  const to = Math.min(max!, edges[bin] ?? max!)
  return to - ((below - half) / bins[bin]!) * (to - from)
}

/**
 * Without drift, the chance that at least `beyond` of m new values lie beyond one given end of n old ones is about
 * (m / (n + m)) ^ beyond (the precedence test); there are two ends.
 */
function isManyOutside(n: number, beyond: number, m: number, { tail, designEffect }: Chance): boolean {
  return beyond / m >= LEAST_SHARE && 2 * (m / (n + m)) ** (beyond / designEffect) < tail
}

/** A sample's log standard deviation has variance (kurtosis - 1) / 4n; 9 is the kurtosis of an exponential. */
function spreadDiffers(reference: NumericHistogram, current: NumericHistogram, chance: Chance): boolean {
  const ratio = Math.abs(Math.log(current.std! / reference.std!))
  const error = Math.sqrt(2 / presentRows(reference) + 2 / presentRows(current))
  return ratio >= Math.log(LEAST_SPREAD_RATIO) && isBeyondChance(ratio / error, chance)
}
