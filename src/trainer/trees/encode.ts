/**
 * From columns to the float32 numbers the trees split on. Rounding happens before bins are laid: a served model gets
 * its inputs as float32, and must take the same side of every threshold as the trainer did.
 */
import type { CategoricalColumn, Column } from '#platform/table'
import type { Feature } from '../model.ts'
import type { TreesRecipe } from '../recipe.ts'
import { levelsOf } from '../signature.ts'
import { LARGEST_FLOAT32, type TreeInput } from './learner.ts'

/** One array per input, `rows` long, `NaN` for a missing value and for a category without a place in the order. */
export function encode(inputs: readonly TreeInput[], columns: readonly Column[]): Float32Array[] {
  return inputs.map((input) => {
    const column = columns[input.feature]!
    if (input.kind === 'ordered')
      return Float32Array.from(levelsOf(column, input.order), (level) => (level < 0 ? Number.NaN : level))
    if (column.kind !== 'numeric') throw new TypeError(`column "${column.name}" is not numeric`)
    const values = Float32Array.from(column.values)
    for (let i = 0; i < values.length; i++) {
      // Infinities (and numbers beyond float32) act as the largest number, so that thresholds stay finite in JSON.
      if (values[i]! > LARGEST_FLOAT32) values[i] = LARGEST_FLOAT32
      else if (values[i]! < -LARGEST_FLOAT32) values[i] = -LARGEST_FLOAT32
    }
    return values
  })
}

/**
 * Decides, on training rows only, how each feature is encoded. Categories get their position in the order of their
 * mean target, shrunk towards the overall mean by `categorySmoothing` pseudo-rows: for a two-class or squared loss the
 * best split over all subsets of categories is a cut in the order of means (Breiman et al. 1984, theorem 4.5). Rare
 * ones get no position: in a column of identifiers every mean is some row's own target, an order learned by heart.
 *
 * @param outcome one row-long array per class (its indicator), or the target itself for a regression
 */
export function chooseInputs(
  features: readonly Feature[],
  columns: readonly Column[],
  outcome: readonly Float64Array[],
  weights: Float64Array,
  recipe: TreesRecipe,
): TreeInput[] {
  return features.map((feature, index) =>
    feature.kind === 'numeric'
      ? { kind: 'numeric', feature: index }
      : {
          kind: 'ordered',
          feature: index,
          order: orderByOutcome(columns[index] as CategoricalColumn, outcome, weights, recipe),
        },
  )
}

function orderByOutcome(
  column: CategoricalColumn,
  outcome: readonly Float64Array[],
  weights: Float64Array,
  recipe: TreesRecipe,
): string[] {
  const total = new Float64Array(column.categories.length)
  let all = 0
  for (let r = 0; r < weights.length; r++) {
    all += weights[r]!
    if (column.codes[r]! >= 0) total[column.codes[r]!]! += weights[r]!
  }
  const seen: number[] = []
  for (let c = 0; c < total.length; c++)
    if (total[c]! > 0 && total[c]! >= recipe.minCategoryWeight && column.categories[c] !== '') seen.push(c)

  // Deviation of each category's shrunken mean from the overall mean, one array per outcome.
  const deviations = outcome.map((values) => {
    const sums = new Float64Array(total.length)
    let sum = 0
    for (let r = 0; r < weights.length; r++) {
      const weighted = weights[r]! * values[r]!
      sum += weighted
      if (column.codes[r]! >= 0) sums[column.codes[r]!]! += weighted
    }
    const mean = sum / all
    return sums.map((s, c) => (s - mean * total[c]!) / (total[c]! + recipe.categorySmoothing || 1))
  })
  const key = deviations.length === 1 ? deviations[0]! : principalCoordinate(deviations, total)
  return seen.sort((a, b) => key[a]! - key[b]! || a - b).map((c) => column.categories[c]!)
}

/**
 * With several classes there is no exact order; the first principal component of the categories' class shares comes
 * close to the best split (Coppersmith, Hong & Hosking 1999). Power iteration from a fixed start: repeatable.
 */
function principalCoordinate(deviations: readonly Float64Array[], total: Float64Array): Float64Array {
  const classes = deviations.length
  const project = (axis: readonly number[]) =>
    total.map((_, c) => deviations.reduce((sum, d, k) => sum + d[c]! * axis[k]!, 0))
  let axis = Array.from({ length: classes }, (_, k) => (k + 1) / classes)
  for (let step = 0; step < 50; step++) {
    const scores = project(axis)
    const next = deviations.map((d) => d.reduce((sum, value, c) => sum + total[c]! * value * scores[c]!, 0))
    const length = Math.hypot(...next)
    if (length === 0) break
    axis = next.map((value) => value / length)
  }
  return project(axis)
}
