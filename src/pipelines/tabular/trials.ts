import type { Search } from '#projects/contract'
import { DEFAULT_SPACE, type Recipe, sampleRecipes } from '#trainer'

/** One candidate: a recipe, and how much rows count by their age. */
export interface Trial {
  readonly name: string
  readonly recipe: Recipe
  /** Age in ms at which a row counts half; `all` weighs every row alike. */
  readonly halfLife: number | 'all'
  /** Age in ms beyond which a row does not count; `all` keeps every row. */
  readonly window: number | 'all'
}

/** The candidates of a search: recipes from the learners' spaces, half-lives and windows taking turns. */
export function trialsOf(
  search: Required<Pick<Search, 'trials' | 'seed' | 'learners' | 'window'>> & {
    half_life: readonly (number | 'all')[]
  },
): Trial[] {
  const space = DEFAULT_SPACE.filter((family) => search.learners.includes(family.learner))
  return sampleRecipes(search.seed, search.trials, space).map((recipe, i) => ({
    name: `trial-${i + 1}`,
    recipe,
    halfLife: search.half_life[Math.floor(i / space.length) % search.half_life.length]!,
    window: search.window[Math.floor(i / space.length) % search.window.length]!,
  }))
}

/** Rows that count less than this are left out: a thousandth moves no split and costs as much as a whole row. */
const LEAST_WEIGHT = 1e-3

/**
 * The weight of each row by its age at `now`: 2^(−age / halfLife), 0 beyond the window.
 *
 * @param times event times in ms; `undefined` weighs every row 1
 */
export function ageWeights(
  times: Float64Array | undefined,
  rows: number,
  now: number,
  { halfLife, window }: Pick<Trial, 'halfLife' | 'window'>,
): Float64Array {
  const weights = new Float64Array(rows).fill(1)
  if (!times) return weights
  for (let i = 0; i < rows; i++) {
    const age = Math.max(0, now - times[i]!)
    if (window !== 'all' && age > window) weights[i] = 0
    else if (halfLife !== 'all') {
      const weight = 2 ** (-age / halfLife)
      weights[i] = weight < LEAST_WEIGHT ? 0 : weight
    }
  }
  return weights
}

/** The trial as params of a tracked run. */
export function paramsOf({ recipe, halfLife, window }: Trial): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(recipe).map(([key, value]) => [key, String(value)])),
    half_life: halfLife === 'all' ? 'all' : `${halfLife / 86_400_000}d`,
    window: window === 'all' ? 'all' : `${window / 86_400_000}d`,
  }
}
