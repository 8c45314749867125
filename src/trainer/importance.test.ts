import { describe, expect, it } from 'vitest'
import { blend } from './blend.ts'
import { fitModel } from './fit.ts'
import { featureImportance } from './importance.ts'
import { seededRandom } from './random.ts'
import type { RecipeInput } from './recipe.ts'
import { numericFrame, PROBLEMS } from './synthetic.fixture.ts'

const random = seededRandom(1)
const column = () => Array.from({ length: 500 }, () => random())
const frame = numericFrame({ strong: column(), noise: column(), weak: column(), constant: new Array(500).fill(1) })
const [strong, , weak] = frame.columns.map((one) => (one.kind === 'numeric' ? one.values : new Float64Array(0)))
const target = Float64Array.from({ length: 500 }, (_, i) => 10 * strong![i]! + 3 * weak![i]!)
const RECIPES: RecipeInput[] = [{ learner: 'logistic', l2: 0.01 }, { learner: 'boosted_trees' }]

describe('importance', () => {
  it.each(RECIPES)('of $learner follows what the target is made of', (recipe) => {
    const shares = featureImportance(fitModel(PROBLEMS.regression, recipe, { frame, target }))
    expect(shares.map((one) => one.name)).toEqual(['strong', 'noise', 'weak', 'constant'])
    const [a, noise, b, constant] = shares.map((one) => one.share)
    expect(a).toBeGreaterThan(b!)
    expect(b).toBeGreaterThan(5 * noise!)
    expect(constant).toBe(0)
    expect(a! + noise! + b!).toBeCloseTo(1, 12)
    // A linear model of a sum of uniforms leans on them as their factors say.
    if (recipe.learner === 'logistic') expect(a! / b!).toBeCloseTo(10 / 3, 0)
  })

  it('of a blend is the mean of its members', () => {
    const models = RECIPES.map((recipe) => fitModel(PROBLEMS.regression, recipe, { frame, target }))
    const [one, other] = models.map((model) => featureImportance(model)[0]!.share)
    expect(featureImportance(blend(models, [1, 3]))[0]!.share).toBeCloseTo((one! + 3 * other!) / 4, 12)
  })

  it('of a model that uses nothing is 0', () => {
    const flat = fitModel(PROBLEMS.regression, { learner: 'boosted_trees' }, { frame, target: target.map(() => 5) })
    expect(featureImportance(flat).map((one) => one.share)).toEqual([0, 0, 0, 0])
  })
})
