import type { Task } from './contract.ts'
import { mean, rowLosses } from './losses.ts'
import type { Values } from './scored.ts'

export interface BlendOptions {
  /** At most so many candidates get a part: the best ones by their own loss. All of them unless told. */
  readonly most?: number
  /** Pull towards equal parts, in rows: so many rows would have to agree before one candidate gets all. */
  readonly evenness?: number
}

const STEPS = 300
const RATE = 1
const EVENNESS = 20

/**
 * Parts of a mixture of candidates that make the mixture's mean loss on held-back rows smallest, by exponentiated
 * gradient on the simplex (Kivinen & Warmuth 1997), started from and pulled towards equal parts by an entropy penalty of
 * `evenness / rows`. The mixture is of probabilities or values, so it can only be as good as the candidates differ.
 *
 * Deterministic; parts are ≥ 0 and add up to 1; candidates left out get 0. For a regression the loss is squared error
 * relative to the best candidate's, which keeps the step size free of the target's unit.
 *
 * @param candidates scores of each on the same rows
 * @throws RangeError as `rowLosses`
 */
export function blendWeights(
  task: Task,
  truth: Values,
  candidates: readonly Values[],
  options: BlendOptions = {},
): number[] {
  const losses = candidates.map((scores) => mean(rowLosses(task, truth, scores, { regression: 'squared' })))
  const kept = losses
    .map((loss, i) => ({ loss, i }))
    .sort((a, b) => a.loss - b.loss || a.i - b.i)
    .slice(0, options.most ?? candidates.length)
    .map(({ i }) => i)
  const weights = new Array<number>(candidates.length).fill(0)
  const scale = task === 'regression' ? Math.max(losses[kept[0]!]!, Number.MIN_VALUE) : 1
  const parts = optimise(
    task,
    truth,
    kept.map((i) => candidates[i]!),
    scale,
    (options.evenness ?? EVENNESS) / Math.max(1, truth.length),
  )
  kept.forEach((i, k) => {
    weights[i] = parts[k]!
  })
  return weights
}

function optimise(task: Task, truth: Values, candidates: readonly Values[], scale: number, evenness: number): number[] {
  const k = candidates.length
  let parts = new Array<number>(k).fill(1 / k)
  if (k <= 1 || truth.length === 0) return parts
  // The penalty's slope grows with its strength: a fixed step would overshoot.
  const rate = RATE / (1 + evenness)
  for (let step = 0; step < STEPS; step++) {
    const slope = gradient(task, truth, candidates, parts, scale)
    const raised = parts.map((part, i) => part * Math.exp(-rate * (slope[i]! + evenness * Math.log(part * k))))
    const total = raised.reduce((sum, part) => sum + part, 0)
    parts = raised.map((part) => Math.max(part / total, 1e-12))
  }
  const total = parts.reduce((sum, part) => sum + part, 0)
  return parts.map((part) => part / total)
}

/** Slope of the mixture's mean loss in each part, less the mean slope, which the simplex does not feel. */
function gradient(
  task: Task,
  truth: Values,
  candidates: readonly Values[],
  parts: readonly number[],
  scale: number,
): number[] {
  const rows = truth.length
  const width = candidates[0]!.length / rows
  const slope = new Array<number>(candidates.length).fill(0)
  for (let r = 0; r < rows; r++) {
    const at = task === 'multiclass' ? r * width + truth[r]! : r
    let mixed = 0
    for (let c = 0; c < candidates.length; c++) mixed += parts[c]! * candidates[c]![at]!
    const outer = slopeOfLoss(task, truth[r]!, mixed) / scale
    for (let c = 0; c < candidates.length; c++) slope[c]! += (outer * candidates[c]![at]!) / rows
  }
  const centre = slope.reduce((sum, one, c) => sum + one * parts[c]!, 0)
  return slope.map((one) => one - centre)
}

/** Clipped as losses are: one certain and wrong answer must not decide alone. */
const CLIP = 1e-3

function slopeOfLoss(task: Task, truth: number, mixed: number): number {
  if (task === 'regression') return 2 * (mixed - truth)
  const p = Math.min(Math.max(mixed, CLIP), 1 - CLIP)
  if (task === 'multiclass') return -1 / p
  return truth === 1 ? -1 / p : 1 / (1 - p)
}
