import { describe, expect, it } from 'vitest'
import type { CategoricalColumn } from '#platform/table'
import { completeRecipe, type TreesRecipe } from '../recipe.ts'
import { chooseInputs, encode } from './encode.ts'

const recipe = completeRecipe({ learner: 'boosted_trees', minCategoryWeight: 3 }) as TreesRecipe

function column(...texts: (string | undefined)[]): CategoricalColumn {
  const categories = [...new Set(texts.filter((text) => text !== undefined))]
  const codes = Int32Array.from(texts, (text) => (text === undefined ? -1 : categories.indexOf(text)))
  return { name: 'c', kind: 'categorical', codes, categories }
}

function orderOf(texts: readonly string[], outcome: readonly number[][], changes: Partial<TreesRecipe> = {}) {
  const one = column(...texts)
  const weights = new Float64Array(texts.length).fill(1)
  const features = [{ name: 'c', kind: 'categorical', categories: one.categories } as const]
  const outcomes = outcome.map((values) => Float64Array.from(values))
  const [input] = chooseInputs(features, [one], outcomes, weights, { ...recipe, ...changes })
  return input!.kind === 'ordered' ? input!.order : undefined
}

const repeat = <T>(value: T, times: number) => new Array<T>(times).fill(value)

describe('categories', () => {
  it('are put in the order of their mean outcome', () => {
    const texts = [...repeat('b', 10), ...repeat('a', 10), ...repeat('c', 10)]
    const outcome = [...repeat(0, 5), ...repeat(1, 5), ...repeat(1, 10), ...repeat(0, 10)]
    expect(orderOf(texts, [outcome])).toEqual(['c', 'b', 'a'])
  })

  it('with little weight stay near the overall mean', () => {
    const texts = [...repeat('few', 4), ...repeat('many', 40), ...repeat('rest', 60)]
    const outcome = [...repeat(1, 4), ...repeat(1, 36), ...repeat(0, 4), ...repeat(0, 60)]
    expect(orderOf(texts, [outcome], { categorySmoothing: 0 })).toEqual(['rest', 'many', 'few'])
    expect(orderOf(texts, [outcome], { categorySmoothing: 20 })).toEqual(['rest', 'few', 'many'])
  })

  it('too rare to judge have no place', () => {
    expect(orderOf([...repeat('a', 5), 'b', 'b', ...repeat('c', 3)], [[1, 0, 1, 0, 1, 1, 1, 0, 0, 0]])).toEqual([
      'c',
      'a',
    ])
  })

  it('are laid along the axis on which several classes differ most', () => {
    const texts = ['w', 'x', 'y', 'z'].flatMap((text) => repeat(text, 20))
    const classes = [
      repeat(0, 20),
      [...repeat(0, 10), ...repeat(1, 10)],
      [...repeat(1, 8), ...repeat(2, 12)],
      repeat(2, 20),
    ].flat()
    const order = orderOf(
      texts,
      [0, 1, 2].map((k) => classes.map((y) => +(y === k))),
    )!
    expect([order, [...order].reverse()]).toContainEqual(['w', 'x', 'y', 'z'])
  })

  it('are encoded by position; missing, empty and unseen ones are missing', () => {
    const input = { kind: 'ordered', feature: 0, order: ['x', 'y'] } as const
    const [values] = encode([input], [column('y', undefined, 'other', '', 'x')])
    expect([...values!]).toEqual([1, Number.NaN, Number.NaN, Number.NaN, 0])
  })
})
