import type { Estimate, Estimates } from './contract.ts'
import { normalInterval } from './estimates.ts'
import { negativeLog } from './losses.ts'
import { ascendingOrder } from './ranking.ts'
import type { Values } from './scored.ts'

export interface UnlabelledOptions {
  /** The chance of 1 for each row, when the scores themselves are not calibrated (`calibrate`). */
  readonly probabilities?: Values
  readonly threshold?: number
}

/**
 * A binary model's metrics on rows whose labels are not in yet: confidence-based performance estimation (CBPE, NannyML).
 * If a row is positive with its calibrated probability, every metric has an expectation.
 *
 * The 95 % interval is where the measured metric would fall by the chance of the labels alone. Like the method, it
 * trusts the probabilities: it follows covariate shift, and is blind to concept drift, where they are no longer right.
 */
export function estimateUnlabelled(scores: Values, options: UnlabelledOptions = {}): Estimates {
  const chances = options.probabilities ?? scores
  if (chances.length !== scores.length) {
    throw new RangeError(`${chances.length} probabilities do not fit ${scores.length} scores`)
  }
  const threshold = options.threshold ?? 0.5
  const n = scores.length
  const selected = scores.map((score) => (score >= threshold ? 1 : 0))
  const sum = (values: Values) => values.reduce((total, value) => total + value, 0)
  const chosen = sum(selected)
  const zeros = new Float64Array(n)
  const ones = new Float64Array(n).fill(1)
  const estimates = {
    roc_auc: expectedAuc(scores, chances),
    // Each metric below is (a0 + sum a y) / (b0 + sum b y) in the labels y.
    accuracy: expectedRatio(
      chances,
      n - chosen,
      selected.map((s) => 2 * s - 1),
      n,
      zeros,
    ),
    precision: expectedRatio(chances, 0, selected, chosen, zeros),
    recall: expectedRatio(chances, 0, selected, 0, ones),
    f1: expectedRatio(
      chances,
      0,
      selected.map((s) => 2 * s),
      chosen,
      ones,
    ),
    log_loss: expectedRatio(
      chances,
      sum(scores.map((s) => negativeLog(1 - s))),
      scores.map((s) => negativeLog(s) - negativeLog(1 - s)),
      n,
      zeros,
    ),
    brier: expectedRatio(
      chances,
      sum(scores.map((s) => s * s)),
      scores.map((s) => 1 - 2 * s),
      n,
      zeros,
    ),
  }
  return Object.fromEntries(Object.entries(estimates).filter(([, { value }]) => Number.isFinite(value)))
}

/** Expectation of a ratio of sums that are linear in independent labels, with its interval, by the delta method. */
function expectedRatio(chances: Values, a0: number, a: Values, b0: number, b: Values): Estimate {
  let numerator = a0
  let denominator = b0
  for (let i = 0; i < chances.length; i++) {
    numerator += a[i]! * chances[i]!
    denominator += b[i]! * chances[i]!
  }
  const value = numerator / denominator
  let variance = 0
  for (let i = 0; i < chances.length; i++) {
    variance += chances[i]! * (1 - chances[i]!) * ((a[i]! - value * b[i]!) / denominator) ** 2
  }
  return normalInterval(value, Math.sqrt(variance))
}

/** Expected ROC-AUC: each row is a positive of weight p and a negative of weight 1 - p, not compared with itself. */
function expectedAuc(scores: Values, chances: Values): Estimate {
  const order = ascendingOrder(scores)
  const n = order.length
  const positives = chances.reduce((total, p) => total + p, 0)
  const negatives = n - positives
  const negativesBelow = new Float64Array(n)
  const positivesAbove = new Float64Array(n)
  let below = 0
  let above = positives
  let wins = 0
  let self = 0
  for (let i = 0; i < n; ) {
    let end = i
    let positive = 0
    let negative = 0
    for (; end < n && scores[order[end]!] === scores[order[i]!]; end++) {
      positive += chances[order[end]!]!
      negative += 1 - chances[order[end]!]!
    }
    above -= positive
    wins += positive * (below + negative / 2)
    for (; i < end; i++) {
      const row = order[i]!
      const p = chances[row]!
      self += p * (1 - p)
      negativesBelow[row] = below + negative / 2
      positivesAbove[row] = above + positive / 2
    }
    below += negative
  }
  const value = (wins - self / 2) / (positives * negatives - self)
  let variance = 0
  for (let i = 0; i < n; i++) {
    // How much the AUC turns on this row's label.
    const asPositive = (negativesBelow[i]! / negatives - value) / positives
    const asNegative = (positivesAbove[i]! / positives - value) / negatives
    variance += chances[i]! * (1 - chances[i]!) * (asPositive - asNegative) ** 2
  }
  return normalInterval(value, Math.sqrt(variance))
}
