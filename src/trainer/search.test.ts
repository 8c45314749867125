import { describe, expect, it } from 'vitest'
import { completeRecipe, type TreesRecipe } from './recipe.ts'
import { sampleIndices, seededRandom } from './random.ts'
import { sampleRecipes } from './search.ts'

describe('sampled recipes', () => {
  it('start with the defaults, take turns, and are the same for the same seed', () => {
    const recipes = sampleRecipes(5, 12)
    expect(recipes.slice(0, 3)).toEqual([
      completeRecipe({ learner: 'logistic' }),
      completeRecipe({ learner: 'boosted_trees' }),
      completeRecipe({
        ...{ learner: 'boosted_trees', trees: 400, maxLeaves: 16, maxDepth: 8 },
        ...{ minChildWeight: 5, l2: 1, columnFraction: 0.8, rowFraction: 1 },
      }),
    ])
    expect(recipes.map((recipe) => recipe.learner)).toEqual(
      Array.from({ length: 12 }, (_, i) => (i % 3 ? 'boosted_trees' : 'logistic')),
    )
    expect(sampleRecipes(5, 12)).toEqual(recipes)
    expect(sampleRecipes(5, 6)).toEqual(recipes.slice(0, 6))
    expect(sampleRecipes(6, 12)).not.toEqual(recipes)
    expect(new Set(recipes.map((recipe) => JSON.stringify(recipe))).size).toBe(12)
  })

  it('stay within the space', () => {
    const space = [
      {
        learner: 'boosted_trees',
        trees: { from: 10, to: 20 },
        learningRate: { from: 0.01, to: 0.1, scale: 'log' },
        maxLeaves: { oneOf: [3, 5] },
        seed: 9,
      },
    ] as const
    const drawn = sampleRecipes(1, 200, space).slice(1) as TreesRecipe[]
    expect(new Set(drawn.map((recipe) => recipe.trees))).toEqual(new Set([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]))
    expect(new Set(drawn.map((recipe) => recipe.maxLeaves))).toEqual(new Set([3, 5]))
    expect(drawn.every((recipe) => recipe.seed === 9)).toBe(true)
    const rates = drawn.map((recipe) => recipe.learningRate).sort((a, b) => a - b)
    expect(rates[0]).toBeGreaterThanOrEqual(0.01)
    expect(rates.at(-1)).toBeLessThanOrEqual(0.1)
    // Half of a log-uniform draw lies below the geometric mean.
    expect(rates[99]! / Math.sqrt(0.001)).toBeCloseTo(1, 0)
  })

  it('refuse a space that leads out of a recipe', () => {
    expect(() => sampleRecipes(1, 3, [])).toThrow('at least one learner')
    expect(() => sampleRecipes(1, 3, [{ learner: 'logistic', l2: -1 }])).toThrow('l2 is -1')
  })
})

describe('sampled indices', () => {
  it('are ascending, distinct, and take each row equally often', () => {
    const random = seededRandom(2)
    const counts = new Array<number>(20).fill(0)
    for (let draw = 0; draw < 2000; draw++) {
      const chosen = [...sampleIndices(random, 20, 5)]
      expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b))
      for (const i of chosen) counts[i]!++
    }
    // 500 each, standard deviation 19.4
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(80)
    expect([...sampleIndices(random, 4, 4)]).toEqual([0, 1, 2, 3])
  })
})
