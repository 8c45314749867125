import type { Estimate } from './contract.ts'
import { Z95 } from './distributions.ts'
import { wilson } from './proportion.ts'
import { scoresByClass } from './ranking.ts'
import type { Values } from './scored.ts'

/**
 * Variance of the ROC-AUC after DeLong, DeLong & Clarke-Pearson (1988), in O(n log n) as Sun & Xu (2014) have it: both
 * need each row's placement (the share of the other class it outranks), which a binary search in the other class's
 * sorted scores finds as fast as their mid-ranks do.
 */
export interface Placements {
  readonly auc: number
  /** For each row, the share of the opposite class on the right side of it, ties counting half. */
  readonly values: Float64Array
  readonly positives: number
  readonly negatives: number
}

/** Placement of every row and the AUC, which is their mean over either class. */
export function placements(truth: Values, scores: Values): Placements {
  const [pos, neg] = scoresByClass(truth, scores)
  const values = new Float64Array(truth.length)
  let sum = 0
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === 1) {
      values[i] = shareBelow(neg, scores[i]!)
      sum += values[i]!
    } else values[i] = 1 - shareBelow(pos, scores[i]!)
  }
  return { auc: sum / pos.length, values, positives: pos.length, negatives: neg.length }
}

function shareBelow(sorted: Float64Array, score: number): number {
  return (countBelow(sorted, score, false) + countBelow(sorted, score, true)) / 2 / sorted.length
}

/** How many of `sorted` are below `score`, or at most `score` when `inclusive`. */
function countBelow(sorted: Float64Array, score: number, inclusive: boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle]!
    if (value < score || (inclusive && value === score)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Variance of sum of each class's mean of `values` (placements of one model, or differences between two models').
 * `NaN` unless both classes have two rows.
 */
function varianceOfMeans(truth: Values, values: Float64Array): number {
  const n = [0, 0]
  const means = [0, 0]
  const spread = [0, 0]
  for (let i = 0; i < truth.length; i++) {
    const c = truth[i] === 1 ? 1 : 0
    n[c] = n[c]! + 1
    const away = values[i]! - means[c]!
    means[c] = means[c]! + away / n[c]!
    spread[c] = spread[c]! + away * (values[i]! - means[c]!)
  }
  const part = (c: number) => (n[c]! > 1 ? spread[c]! / (n[c]! - 1) / n[c]! : Number.NaN)
  return part(0) + part(1)
}

/** ROC-AUC with DeLong's standard error and a 95 % interval. */
export interface AucEstimate extends Estimate {
  readonly standardError: number
}

/**
 * ROC-AUC with its 95 % interval. The interval is made on the logit scale, which keeps it inside (0, 1) and covers
 * better near 1 than the symmetric one (Pepe 2003). A perfect order has no variance to measure; its interval is then
 * Wilson's, as if the smaller class were that many independent trials, which is wide for few rows.
 */
export function aucInterval(truth: Values, scores: Values): AucEstimate {
  const { auc, values, positives, negatives } = placements(truth, scores)
  const standardError = Math.sqrt(varianceOfMeans(truth, values))
  if (Number.isNaN(standardError)) return { value: auc, lower95: null, upper95: null, standardError }
  if (auc === 0 || auc === 1) {
    const trials = Math.min(positives, negatives)
    return { ...wilson(auc * trials, trials), standardError }
  }
  const logit = Math.log(auc / (1 - auc))
  const reach = (Z95 * standardError) / (auc * (1 - auc))
  return { value: auc, lower95: logistic(logit - reach), upper95: logistic(logit + reach), standardError }
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** ROC-AUC of model `a` minus that of model `b` on the same rows, with DeLong's paired standard error. */
export function pairedAucDifference(
  truth: Values,
  a: Values,
  b: Values,
): { a: number; b: number; difference: number; standardError: number } {
  const first = placements(truth, a)
  const second = placements(truth, b)
  const apart = first.values.map((value, i) => value - second.values[i]!)
  return {
    a: first.auc,
    b: second.auc,
    difference: first.auc - second.auc,
    standardError: Math.sqrt(varianceOfMeans(truth, apart)),
  }
}
