import type { Task } from './contract.ts'

/**
 * Truth and scores, in the layout every function of this room takes:
 * - binary: `truth` 0 or 1; `scores` the probability of 1, one per row
 * - multiclass: `truth` the class index; `scores` row-major probabilities, `classes` per row
 * - regression: both in the target's unit, one per row
 */
export type Values = Float64Array

/** How many classes the row-major `scores` of a multiclass model hold per row. */
export function classCount(truth: Values, scores: Values): number {
  return truth.length === 0 ? 0 : scores.length / truth.length
}

/**
 * Refuses rows that no metric may be computed on: lengths that disagree, a missing label or score, a label that is no
 * class. A missing label is the caller's to drop, since only the caller knows whether it is late or lost.
 * @throws RangeError naming the first bad row
 */
export function checkScored(task: Task, truth: Values, scores: Values, weights?: Values): void {
  const classes = task === 'multiclass' ? classCount(truth, scores) : 1
  if (!Number.isInteger(classes) || scores.length !== truth.length * classes) {
    throw new RangeError(`${scores.length} scores do not fit ${truth.length} ${task} labels`)
  }
  for (let i = 0; i < truth.length; i++) {
    const y = truth[i]!
    const valid =
      task === 'regression'
        ? Number.isFinite(y)
        : Number.isInteger(y) && y >= 0 && y < (task === 'binary' ? 2 : classes)
    if (!valid) throw new RangeError(`row ${i}: ${y} is no ${task} label`)
  }
  for (let i = 0; i < scores.length; i++) {
    const s = scores[i]!
    const valid = Number.isFinite(s) && (task === 'regression' || (s >= 0 && s <= 1))
    if (!valid) throw new RangeError(`row ${Math.floor(i / classes)}: ${s} is no ${task} score`)
  }
  if (weights) checkWeights(weights, truth.length)
}

function checkWeights(weights: Values, rows: number): void {
  if (weights.length !== rows) throw new RangeError(`${weights.length} weights do not fit ${rows} rows`)
  const bad = weights.findIndex((w) => !(w >= 0 && w < Number.POSITIVE_INFINITY))
  if (bad >= 0) throw new RangeError(`row ${bad}: ${weights[bad]} is no weight`)
}
