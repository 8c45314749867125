/** What a fit is told besides the data. Every hyperparameter has a default meant for small tables (10³–10⁵ rows). */
import { BadRecipe } from './errors.ts'

/** Logistic regression (binary, multinomial), or ridge regression when the task is a regression. */
export interface LinearRecipe {
  readonly learner: 'logistic'
  /** Strength of ½·l2·‖coefficients‖² beside the summed loss: scikit-learn's 1/C. The intercept is free. */
  readonly l2: number
  readonly maxIterations: number
}

/** Histogram gradient boosting, leaf by leaf. */
export interface TreesRecipe {
  readonly learner: 'boosted_trees'
  /** Boosting rounds; with a validation set fewer may be kept. A multiclass round is one tree per class. */
  readonly trees: number
  readonly learningRate: number
  readonly maxLeaves: number
  /** Deepest leaf; the root is 0. */
  readonly maxDepth: number
  /** Added to a leaf's hessian sum, in units of rows for a regression and of p(1-p) for a classification. */
  readonly l2: number
  /** Least sum of sample weights in a leaf; without weights, the least number of rows. */
  readonly minChildWeight: number
  readonly minChildHessian: number
  /** A split that lowers the loss by less is not made. */
  readonly minSplitGain: number
  /** Share of the features each tree may use. */
  readonly columnFraction: number
  /** Share of the rows each tree sees. */
  readonly rowFraction: number
  /** Most bins of a feature, besides the one for missing values. */
  readonly maxBins: number
  /** Pseudo-rows of the mean target added to each category before categories are put in order. */
  readonly categorySmoothing: number
  /** A category of less weight is too rare to be judged by its own rows: it is treated like one never seen. */
  readonly minCategoryWeight: number
  /** With a validation set: stop after so many rounds without a better loss, and keep the best. */
  readonly patience: number
  readonly seed: number
}

export type Recipe = LinearRecipe | TreesRecipe

/** A recipe with defaults left out. */
export type RecipeInput =
  | ({ readonly learner: 'logistic' } & Partial<LinearRecipe>)
  | ({ readonly learner: 'boosted_trees' } & Partial<TreesRecipe>)

const LINEAR_DEFAULTS: LinearRecipe = { learner: 'logistic', l2: 1, maxIterations: 500 }

const TREES_DEFAULTS: TreesRecipe = {
  learner: 'boosted_trees',
  trees: 200,
  learningRate: 0.05,
  maxLeaves: 8,
  maxDepth: 6,
  l2: 10,
  minChildWeight: 20,
  minChildHessian: 1,
  minSplitGain: 0,
  columnFraction: 0.6,
  rowFraction: 0.7,
  maxBins: 255,
  categorySmoothing: 10,
  minCategoryWeight: 10,
  patience: 30,
  seed: 1,
}

interface Range {
  readonly least: number
  readonly most: number
  readonly whole?: true
}

const LINEAR_RANGES: Record<Exclude<keyof LinearRecipe, 'learner'>, Range> = {
  l2: { least: 0, most: 1e12 },
  maxIterations: { least: 1, most: 100_000, whole: true },
}

const TREES_RANGES: Record<Exclude<keyof TreesRecipe, 'learner'>, Range> = {
  trees: { least: 1, most: 100_000, whole: true },
  learningRate: { least: 1e-6, most: 1 },
  maxLeaves: { least: 2, most: 4096, whole: true },
  maxDepth: { least: 1, most: 64, whole: true },
  l2: { least: 0, most: 1e12 },
  minChildWeight: { least: 0, most: 1e12 },
  minChildHessian: { least: 0, most: 1e12 },
  minSplitGain: { least: 0, most: 1e12 },
  columnFraction: { least: 1e-6, most: 1 },
  rowFraction: { least: 1e-6, most: 1 },
  maxBins: { least: 2, most: 255, whole: true },
  categorySmoothing: { least: 0, most: 1e12 },
  minCategoryWeight: { least: 0, most: 1e12 },
  patience: { least: 1, most: 100_000, whole: true },
  seed: { least: -2147483648, most: 4294967295, whole: true },
}

/** The recipe with its defaults filled in and every value checked. */
export function completeRecipe(input: RecipeInput): Recipe {
  switch (input.learner) {
    case 'logistic':
      return checked({ ...LINEAR_DEFAULTS, ...input }, LINEAR_RANGES)
    case 'boosted_trees':
      return checked({ ...TREES_DEFAULTS, ...input }, TREES_RANGES)
    default:
      throw new BadRecipe('learner', (input as { learner: unknown }).learner, '"logistic" or "boosted_trees"')
  }
}

function checked<R extends Recipe>(recipe: R, ranges: Record<string, Range>): R {
  for (const [field, value] of Object.entries(recipe)) {
    if (field === 'learner') continue
    const range = ranges[field]
    if (!range) throw new BadRecipe(field, value, `left out: ${recipe.learner} has ${Object.keys(ranges).join(', ')}`)
    const fits = typeof value === 'number' && value >= range.least && value <= range.most
    if (!fits || (range.whole && !Number.isInteger(value)))
      throw new BadRecipe(field, value, `a ${range.whole ? 'whole ' : ''}number from ${range.least} to ${range.most}`)
  }
  return recipe
}
