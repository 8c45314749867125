import type { Feature, Task } from '../model.ts'
import type { LinearRecipe } from '../recipe.ts'
import type { FitRows } from '../rows.ts'
import { curvaturePreconditioner } from './curvature.ts'
import { buildDesign, type Design, type DesignPlan, planDesign } from './design.ts'
import { minimise, type Objective } from './lbfgs.ts'
import type { LinearLearner } from './learner.ts'

/** Upper bounds of the losses' second derivatives. */
const LARGEST_SLOPE: Record<Task, number> = { regression: 1, binary: 0.25, multiclass: 0.5 }

/**
 * Logistic (binary), multinomial or ridge regression with an L2 penalty on everything but the intercept, solved to
 * the optimum: the objective is convex, so the answer does not depend on the path.
 */
export function fitLinear(
  task: Task,
  outputs: number,
  features: readonly Feature[],
  recipe: LinearRecipe,
  train: FitRows,
): LinearLearner {
  const plan = planDesign(features, train.columns, train.weights)
  const design = buildDesign(plan, train.columns, train.target.length)
  // A regression is solved on the standardised target, so that tolerances mean the same in cents and in millions.
  const { mean, deviation } = task === 'regression' ? targetScale(train) : { mean: 0, deviation: 1 }
  const target = task === 'regression' ? train.target.map((y) => (y - mean) / deviation) : train.target
  const total = train.weights.reduce((a, b) => a + b, 0)
  const objective = penalised(task, outputs, design, target, train.weights, recipe.l2)
  const start = new Float64Array((design.columns + 1) * outputs)
  const precondition = curvaturePreconditioner(design, train.weights, LARGEST_SLOPE[task], recipe.l2, outputs)
  const { x } = minimise(objective, precondition, start, 1e-9 * total, recipe.maxIterations)
  return toLearner(outputs, features.length, plan, design, train.weights, x, mean, deviation)
}

function targetScale({ target, weights }: FitRows): { mean: number; deviation: number } {
  let total = 0
  let sum = 0
  for (let r = 0; r < target.length; r++) {
    total += weights[r]!
    sum += weights[r]! * target[r]!
  }
  const mean = sum / total
  let squares = 0
  for (let r = 0; r < target.length; r++) squares += weights[r]! * (target[r]! - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / total) || 1 }
}

/** Parameters are one block per output: a coefficient per design column, then the intercept, which is not penalised. */
function penalised(
  task: Task,
  outputs: number,
  design: Design,
  target: Float64Array,
  weights: Float64Array,
  l2: number,
): Objective {
  const { rows, dense, slots, values, active, columns } = design
  const size = columns + 1
  const scores = new Float64Array(outputs)
  return (x, gradient) => {
    let value = 0
    for (let i = 0; i < x.length; i++) {
      const penalty = i % size === columns ? 0 : l2
      gradient[i] = penalty * x[i]!
      value += 0.5 * penalty * x[i]! * x[i]!
    }
    for (let r = 0; r < rows; r++) {
      const d = r * dense
      const a = r * slots
      for (let k = 0; k < outputs; k++) {
        const block = k * size
        let score = x[block + columns]!
        for (let j = 0; j < dense; j++) score += values[d + j]! * x[block + j]!
        for (let s = 0; s < slots; s++) {
          const column = active[a + s]!
          if (column >= 0) score += x[block + column]!
        }
        scores[k] = score
      }
      // `scores` becomes the loss's derivative by each score.
      value += weights[r]! * lossAndSlope(task, scores, target[r]!)
      for (let k = 0; k < outputs; k++) {
        const block = k * size
        const slope = weights[r]! * scores[k]!
        gradient[block + columns]! += slope
        for (let j = 0; j < dense; j++) gradient[block + j]! += slope * values[d + j]!
        for (let s = 0; s < slots; s++) {
          const column = active[a + s]!
          if (column >= 0) gradient[block + column]! += slope
        }
      }
    }
    return value
  }
}

function lossAndSlope(task: Task, scores: Float64Array, y: number): number {
  if (task === 'regression') {
    const error = scores[0]! - y
    scores[0] = error
    return 0.5 * error * error
  }
  if (task === 'binary') {
    const s = scores[0]!
    scores[0] = 1 / (1 + Math.exp(-s)) - y
    return Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s))) - y * s
  }
  let most = -Infinity
  for (let k = 0; k < scores.length; k++) most = Math.max(most, scores[k]!)
  let sum = 0
  for (let k = 0; k < scores.length; k++) sum += Math.exp(scores[k]! - most)
  const log = most + Math.log(sum)
  const loss = log - scores[y]!
  for (let k = 0; k < scores.length; k++) scores[k] = Math.exp(scores[k]! - log) - (k === y ? 1 : 0)
  return loss
}

function toLearner(
  outputs: number,
  features: number,
  plan: DesignPlan,
  design: Design,
  weights: Float64Array,
  x: Float64Array,
  mean: number,
  deviation: number,
): LinearLearner {
  const spread = columnDeviations(design, weights)
  const strengths = new Array<number>(features).fill(0)
  const coefficientsAt = (feature: number, column: number): number[] =>
    Array.from({ length: outputs }, (_, k) => {
      const coefficient = deviation * x[k * (design.columns + 1) + column]!
      strengths[feature]! += Math.abs(coefficient) * spread[column]!
      return coefficient
    })
  const none = new Array<number>(outputs).fill(0)
  let next = design.dense
  const numeric = plan.numeric.map(({ feature, fill, mean, scale, flagsMissing }, j) => ({
    feature,
    fill,
    mean,
    scale,
    coefficients: coefficientsAt(feature, j),
    missing: flagsMissing ? coefficientsAt(feature, next++) : none,
  }))
  const categorical = plan.categorical.map(({ feature, levels, flagsMissing, mostFrequent }) => {
    const rows = levels.map(() => coefficientsAt(feature, next++))
    const missing = flagsMissing ? coefficientsAt(feature, next++) : (rows[mostFrequent] ?? none)
    return { feature, levels, coefficients: rows.flat(), missing }
  })
  const intercepts = Array.from(
    { length: outputs },
    (_, k) => mean + deviation * x[k * (design.columns + 1) + design.columns]!,
  )
  return { kind: 'linear', outputs, intercepts, numeric, categorical, strengths }
}

function columnDeviations(design: Design, weights: Float64Array): Float64Array {
  const { rows, dense, slots, values, active } = design
  const sums = new Float64Array(design.columns)
  const squares = new Float64Array(design.columns)
  let total = 0
  for (let r = 0; r < rows; r++) {
    const weight = weights[r]!
    total += weight
    for (let j = 0; j < dense; j++) {
      const z = values[r * dense + j]!
      sums[j]! += weight * z
      squares[j]! += weight * z * z
    }
    for (let s = 0; s < slots; s++) {
      const column = active[r * slots + s]!
      if (column < 0) continue
      sums[column]! += weight
      squares[column]! += weight
    }
  }
  return sums.map((sum, j) => Math.sqrt(Math.max(0, squares[j]! / total - (sum / total) ** 2)))
}
