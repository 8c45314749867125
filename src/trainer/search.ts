import { BadRecipe } from './errors.ts'
import { seededRandom } from './random.ts'
import { completeRecipe, type LinearRecipe, type Recipe, type RecipeInput, type TreesRecipe } from './recipe.ts'

/** Where a hyperparameter is drawn from: a fixed value, one of a list, or a range (whole where the recipe's is). */
export type Choice =
  | number
  | { readonly oneOf: readonly number[] }
  | { readonly from: number; readonly to: number; readonly scale?: 'log' }

type Choices<R> = { readonly [Field in Exclude<keyof R, 'learner'>]?: Choice }

/** One entry per family of recipes; what an entry leaves out keeps its default. */
export type SearchSpace = readonly (
  | ({ readonly learner: 'logistic' } & Choices<LinearRecipe>)
  | ({ readonly learner: 'boosted_trees' } & Choices<TreesRecipe>)
)[]

/**
 * Wide enough to find what a small table wants, narrow enough that no draw is absurd. Two families of trees, since tables
 * differ most in how much detail they bear: few leaves win on churn, many on hourly demand (44 instead of 54 of error).
 */
export const DEFAULT_SPACE: SearchSpace = [
  { learner: 'logistic', l2: { from: 0.1, to: 100, scale: 'log' } },
  {
    learner: 'boosted_trees',
    trees: { from: 100, to: 400, scale: 'log' },
    learningRate: { from: 0.02, to: 0.15, scale: 'log' },
    maxLeaves: { oneOf: [4, 6, 8, 12] },
    l2: { from: 0.5, to: 50, scale: 'log' },
    minChildWeight: { from: 5, to: 100, scale: 'log' },
    columnFraction: { oneOf: [0.4, 0.6, 0.8, 1] },
    rowFraction: { oneOf: [0.7, 0.85, 1] },
  },
  {
    learner: 'boosted_trees',
    trees: 400,
    maxLeaves: 16,
    maxDepth: 8,
    minChildWeight: 5,
    l2: 1,
    columnFraction: 0.8,
    rowFraction: 1,
    learningRate: { from: 0.03, to: 0.1, scale: 'log' },
  },
]

const WHOLE = new Set(['maxIterations', 'trees', 'maxLeaves', 'maxDepth', 'maxBins', 'patience', 'seed'])

/**
 * `n` recipes: first the defaults of each entry of the space (the best guess without looking), then random draws, the
 * entries taking turns. The same seed gives the same recipes, and a larger `n` only adds to them.
 *
 * @throws BadRecipe when the space is empty or a draw is out of a recipe's range
 */
export function sampleRecipes(seed: number, n: number, space: SearchSpace = DEFAULT_SPACE): Recipe[] {
  if (space.length === 0) throw new BadRecipe('space', '[]', 'a list of at least one learner')
  const random = seededRandom(seed)
  return Array.from({ length: n }, (_, i) => {
    const { learner, ...choices } = space[i % space.length]!
    const drawn: Record<string, number> = {}
    for (const [field, choice] of Object.entries(choices) as [string, Choice][]) {
      if (i >= space.length || typeof choice === 'number') drawn[field] = draw(choice, WHOLE.has(field), random)
    }
    return completeRecipe({ learner, ...drawn } as RecipeInput)
  })
}

function draw(choice: Choice, whole: boolean, random: () => number): number {
  if (typeof choice === 'number') return choice
  if ('oneOf' in choice) return choice.oneOf[Math.floor(random() * choice.oneOf.length)]!
  const { from, to, scale } = choice
  const at = random()
  const value = scale === 'log' ? from * (to / from) ** at : from + (to - from) * at
  return whole ? Math.round(value) : value
}
