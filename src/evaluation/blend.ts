import { exponentialWeights } from './committee.ts'
import type { Task } from './contract.ts'
import { mean, type RegressionLoss, rowLosses } from './losses.ts'
import { checkScored, type Values } from './scored.ts'

export interface BlendOptions {
  /** At most this many candidates get a part, those of least loss; all unless told. */
  readonly most?: number
  /** How evenly parts are given (see `exponentialWeights`); 0.1 unless told. */
  readonly temperature?: number
  /** What a row of a regression costs; the absolute error unless told. */
  readonly regression?: RegressionLoss
}

/** A candidate whose loss is 10 % above the best one's gets 1/e of its part; flat from 5 to 20 % in the replays. */
const TEMPERATURE = 0.1

/**
 * Parts of the answer by candidate, summing to 1, from what each said about held-back rows: exponential weights over the
 * losses relative to the best. Meant for a few hundred held-back rows, where weights that minimise the blend's own loss
 * (stacking: Wolpert, "Stacked generalization", Neural Networks 5 (1992) 241–259; Breiman, "Stacked regressions", Machine
 * Learning 24 (1996) 49–64) follow the noise of those rows, and the best candidate alone throws the others' diversity
 * away. The same weights fit the candidates fitted again on all rows, the held-back ones included.
 *
 * @param truth,candidates labels of the held-back rows, and each candidate's scores of them, in the layout of `Values`
 * @throws RangeError without candidates, without rows, and as `evaluate`
 */
export function blendWeights(
  task: Task,
  truth: Values,
  candidates: readonly Values[],
  options: BlendOptions = {},
): number[] {
  if (candidates.length === 0) throw new RangeError('there is no candidate to blend')
  if (truth.length === 0) throw new RangeError('there is no held-back row to weigh the candidates by')
  const losses = candidates.map((scores) => {
    checkScored(task, truth, scores)
    return mean(rowLosses(task, truth, scores, options.regression ? { regression: options.regression } : {}))
  })
  const weights = exponentialWeights(losses, options.temperature ?? TEMPERATURE)
  return keepLargest(weights, options.most ?? weights.length)
}

/** The `most` largest weights, summing to 1; of equal ones the earlier candidate stays. */
function keepLargest(weights: readonly number[], most: number): number[] {
  const kept = new Set(
    weights
      .map((_, i) => i)
      .sort((a, b) => weights[b]! - weights[a]! || a - b)
      .slice(0, Math.max(1, most)),
  )
  const total = weights.reduce((sum, weight, i) => (kept.has(i) ? sum + weight : sum), 0)
  return weights.map((weight, i) => (kept.has(i) ? weight / total : 0))
}
