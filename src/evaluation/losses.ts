import type { Task } from './contract.ts'
import type { Values } from './scored.ts'
import { classCount } from './scored.ts'

/**
 * Probabilities are clipped to [clip, 1 - clip] before a logarithm. Served scores come as 32-bit floats, whose
 * resolution next to 1 is about 1e-7: an exact 0 or 1 says no more than that. So one row costs at most 16.1 nats.
 */
export const PROBABILITY_CLIP = 1e-7

/** Loss of one probability given to what happened, in nats. */
export function negativeLog(probability: number): number {
  return -Math.log(Math.min(Math.max(probability, PROBABILITY_CLIP), 1 - PROBABILITY_CLIP))
}

/** What a row of a regression model costs: its squared or absolute error. */
export type RegressionLoss = 'absolute' | 'squared'

/**
 * One loss per row, whose mean is the task's default loss: log loss in nats (binary, multiclass; see
 * `PROBABILITY_CLIP`), absolute error (regression; or squared, when asked).
 */
export function rowLosses(
  task: Task,
  truth: Values,
  scores: Values,
  options: { regression?: RegressionLoss } = {},
): Float64Array {
  const losses = new Float64Array(truth.length)
  if (task === 'binary') {
    for (let i = 0; i < losses.length; i++) losses[i] = negativeLog(truth[i] === 1 ? scores[i]! : 1 - scores[i]!)
  } else if (task === 'multiclass') {
    const classes = classCount(truth, scores)
    for (let i = 0; i < losses.length; i++) losses[i] = negativeLog(scores[i * classes + truth[i]!]!)
  } else if (options.regression === 'squared') {
    for (let i = 0; i < losses.length; i++) losses[i] = (scores[i]! - truth[i]!) ** 2
  } else {
    for (let i = 0; i < losses.length; i++) losses[i] = Math.abs(scores[i]! - truth[i]!)
  }
  return losses
}

/** Weighted mean of one value per row; `NaN` for no rows. */
export function mean(values: Values, weights?: Values): number {
  let sum = 0
  let total = 0
  for (let i = 0; i < values.length; i++) {
    const w = weights ? weights[i]! : 1
    sum += w * values[i]!
    total += w
  }
  return sum / total
}
