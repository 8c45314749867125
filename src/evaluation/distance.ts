import { chiSquareQuantile, chiSquareTail } from './distributions.ts'

/** Distances between two histograms over the same bins, given as counts; the first is the reference. */
type Counts = readonly number[]

// Half a row is added to every bin of both sides (Jeffreys' prior for a multinomial share), so that a bin empty on one
// side costs much but not infinity, and the less the more rows there are.
const PRIOR_ROWS = 0.5

/** Bins that hold rows on either side: the others say nothing and are left out everywhere. */
function occupied(reference: Counts, current: Counts): [number[], number[]] {
  if (reference.length !== current.length) {
    throw new RangeError(`histograms of ${reference.length} and ${current.length} bins cannot be compared`)
  }
  const keep = reference.map((count, i) => count + current[i]! > 0)
  return [reference.filter((_, i) => keep[i]), current.filter((_, i) => keep[i])]
}

function total(counts: Counts): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/**
 * Population stability index, sum (q - p) ln(q / p) over bins, p the reference's shares and q the current ones (the
 * symmetrised Kullback-Leibler divergence of Jeffreys; Siddiqi 2006 for the credit industry's use and its rule of thumb:
 * below 0.1 stable, 0.1 to 0.25 moderate, above 0.25 large). Shares are smoothed by half a row per bin. `NaN` when a
 * side has no rows.
 */
export function populationStabilityIndex(reference: Counts, current: Counts): number {
  const [ref, cur] = occupied(reference, current)
  const nRef = total(ref)
  const nCur = total(cur)
  if (nRef === 0 || nCur === 0) return Number.NaN
  let sum = 0
  for (let i = 0; i < ref.length; i++) {
    const p = (ref[i]! + PRIOR_ROWS) / (nRef + PRIOR_ROWS * ref.length)
    const q = (cur[i]! + PRIOR_ROWS) / (nCur + PRIOR_ROWS * ref.length)
    sum += (q - p) * Math.log(q / p)
  }
  return sum
}

/** What the PSI of two samples of the same distribution is by chance alone. */
export interface PsiNoise {
  readonly expected: number
  /** The PSI that chance exceeds with probability `tail`. */
  readonly limit: number
}

/**
 * Noise of the PSI without any drift: it is distributed as chi-square with bins - 1 degrees of freedom times
 * (1 / nReference + 1 / nCurrent) (Yurdakul & Naranjo 2020, "Statistical properties of the population stability
 * index", J. Risk Model Validation 14(4)). A small window of many bins passes 0.1 with nothing wrong.
 */
export function psiNoise(bins: number, nReference: number, nCurrent: number, tail = 0.01): PsiNoise {
  const scale = 1 / nReference + 1 / nCurrent
  if (bins < 2) return { expected: 0, limit: 0 }
  return { expected: (bins - 1) * scale, limit: chiSquareQuantile(tail, bins - 1) * scale }
}

/** Bins that hold rows on either side. */
export function occupiedBins(reference: Counts, current: Counts): number {
  return occupied(reference, current)[0].length
}

/** Jensen-Shannon distance to base 2, between 0 (equal) and 1 (disjoint): the root of the divergence, as in SciPy. */
export function jensenShannon(reference: Counts, current: Counts): number {
  const [ref, cur] = occupied(reference, current)
  const nRef = total(ref)
  const nCur = total(cur)
  let sum = 0
  for (let i = 0; i < ref.length; i++) {
    const p = ref[i]! / nRef
    const q = cur[i]! / nCur
    const middle = (p + q) / 2
    if (p > 0) sum += (p / 2) * Math.log2(p / middle)
    if (q > 0) sum += (q / 2) * Math.log2(q / middle)
  }
  return Math.sqrt(Math.max(0, sum))
}

/**
 * Kolmogorov-Smirnov statistic, the largest gap between the cumulated shares, seen at the bin edges only: never above
 * the exact one, and below it by at most a bin's share. Give it the bins of values, without the missing.
 */
export function kolmogorovSmirnov(reference: Counts, current: Counts): number {
  const nRef = total(reference)
  const nCur = total(current)
  let below = 0
  let belowNow = 0
  let gap = 0
  for (let i = 0; i < reference.length; i++) {
    below += reference[i]! / nRef
    belowNow += current[i]! / nCur
    gap = Math.max(gap, Math.abs(belowNow - below))
  }
  return gap
}

/**
 * p-value of Pearson's chi-square test that both samples come from one distribution, without continuity correction;
 * 1 when only one bin holds rows. The statistic is divided by `designEffect`, how many rows are worth one independent
 * row (Rao & Scott 1981).
 */
export function chiSquareP(reference: Counts, current: Counts, designEffect = 1): number {
  const [ref, cur] = occupied(reference, current)
  const nRef = total(ref)
  const nCur = total(cur)
  let statistic = 0
  for (let i = 0; i < ref.length; i++) {
    const share = (ref[i]! + cur[i]!) / (nRef + nCur)
    statistic += (ref[i]! - nRef * share) ** 2 / (nRef * share) + (cur[i]! - nCur * share) ** 2 / (nCur * share)
  }
  return ref.length > 1 ? chiSquareTail(statistic / designEffect, ref.length - 1) : 1
}
