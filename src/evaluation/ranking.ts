import type { Values } from './scored.ts'

/**
 * Metrics of order: they depend on scores only through who is above whom. All start from the distinct scores in
 * ascending order with the weight of positives and negatives at each, which treats ties exactly.
 */
export interface ScoreLevels {
  readonly scores: Float64Array
  readonly positives: Float64Array
  readonly negatives: Float64Array
}

/** Distinct scores ascending with the (weighted) positives and negatives at each. O(n log n). */
export function scoreLevels(truth: Values, scores: Values, weights?: Values): ScoreLevels {
  return weights ? levelsInOrder(ascendingOrder(scores), truth, scores, weights) : levelsUnweighted(truth, scores)
}

/** Row numbers by ascending score. */
export function ascendingOrder(scores: Values): Uint32Array {
  const order = new Uint32Array(scores.length)
  for (let i = 0; i < order.length; i++) order[i] = i
  return order.sort((a, b) => scores[a]! - scores[b]!)
}

/** As `scoreLevels`, for rows whose order is already known: O(n), so that resampling never sorts again. */
export function levelsInOrder(order: Uint32Array, truth: Values, scores: Values, weights: Values): ScoreLevels {
  const levels = emptyLevels(order.length)
  let last = -1
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!
    const score = scores[row]!
    if (last < 0 || levels.scores[last] !== score) levels.scores[++last] = score
    const side = truth[row] === 1 ? levels.positives : levels.negatives
    side[last] = side[last]! + weights[row]!
  }
  return trimmed(levels, last + 1)
}

// Sorting numbers natively, one array per class, is several times faster than sorting row numbers with a callback.
function levelsUnweighted(truth: Values, scores: Values): ScoreLevels {
  const [pos, neg] = scoresByClass(truth, scores)
  const levels = emptyLevels(scores.length)
  let last = -1
  let p = 0
  let q = 0
  while (p < pos.length || q < neg.length) {
    const score = q >= neg.length || (p < pos.length && pos[p]! <= neg[q]!) ? pos[p]! : neg[q]!
    last++
    levels.scores[last] = score
    const p0 = p
    const q0 = q
    while (p < pos.length && pos[p] === score) p++
    while (q < neg.length && neg[q] === score) q++
    levels.positives[last] = p - p0
    levels.negatives[last] = q - q0
  }
  return trimmed(levels, last + 1)
}

/** Scores of the positives and of the negatives, each ascending. */
export function scoresByClass(truth: Values, scores: Values): [positives: Float64Array, negatives: Float64Array] {
  let count = 0
  for (let i = 0; i < truth.length; i++) if (truth[i] === 1) count++
  const pos = new Float64Array(count)
  const neg = new Float64Array(truth.length - count)
  let p = 0
  let q = 0
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === 1) pos[p++] = scores[i]!
    else neg[q++] = scores[i]!
  }
  return [pos.sort(), neg.sort()]
}

function emptyLevels(n: number): ScoreLevels {
  return { scores: new Float64Array(n), positives: new Float64Array(n), negatives: new Float64Array(n) }
}

function trimmed(levels: ScoreLevels, n: number): ScoreLevels {
  return {
    scores: levels.scores.subarray(0, n),
    positives: levels.positives.subarray(0, n),
    negatives: levels.negatives.subarray(0, n),
  }
}

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, a tie counting one half
 * (Mann-Whitney U). `NaN` when a class is absent.
 */
export function rocAuc(truth: Values, scores: Values, weights?: Values): number {
  return rocAucOfLevels(scoreLevels(truth, scores, weights))
}

export function rocAucOfLevels({ positives, negatives }: ScoreLevels): number {
  let negativesBelow = 0
  let positivesSeen = 0
  let wins = 0
  for (let i = 0; i < positives.length; i++) {
    wins += positives[i]! * (negativesBelow + negatives[i]! / 2)
    negativesBelow += negatives[i]!
    positivesSeen += positives[i]!
  }
  return wins / (positivesSeen * negativesBelow)
}

/**
 * Area under the precision-recall curve as average precision, sum over thresholds of (R_n - R_{n-1}) P_n, without
 * interpolation (as scikit-learn's `average_precision_score`). `NaN` when there is no positive.
 */
export function averagePrecision(truth: Values, scores: Values, weights?: Values): number {
  return averagePrecisionOfLevels(scoreLevels(truth, scores, weights))
}

export function averagePrecisionOfLevels({ positives, negatives }: ScoreLevels): number {
  let truePositives = 0
  let selected = 0
  let area = 0
  for (let i = positives.length - 1; i >= 0; i--) {
    truePositives += positives[i]!
    selected += positives[i]! + negatives[i]!
    if (positives[i]! > 0) area += (positives[i]! * truePositives) / selected
  }
  return area / truePositives
}
