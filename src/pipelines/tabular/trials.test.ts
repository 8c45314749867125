import { describe, expect, it } from 'vitest'
import { ageWeights, paramsOf, trialsOf } from './trials.ts'

const DAY = 86_400_000

describe('trials', () => {
  const search = {
    trials: 6,
    seed: 3,
    learners: ['logistic', 'boosted_trees'] as ('logistic' | 'boosted_trees')[],
    half_life: [21 * DAY, 'all'] as const,
    window: ['all'] as 'all'[],
  }

  it('let learners and half-lives take turns, the same for the same seed', () => {
    const trials = trialsOf(search)
    expect(trials).toHaveLength(6)
    expect(new Set(trials.map((trial) => trial.recipe.learner))).toEqual(new Set(['logistic', 'boosted_trees']))
    expect(new Set(trials.map((trial) => trial.halfLife))).toEqual(new Set([21 * DAY, 'all']))
    expect(trialsOf(search)).toEqual(trials)
  })

  it('keep to the learners asked for', () => {
    const trials = trialsOf({ ...search, learners: ['logistic'] })
    expect(trials.every((trial) => trial.recipe.learner === 'logistic')).toBe(true)
  })

  it('are params of a run in words', () => {
    expect(paramsOf(trialsOf(search)[0]!)).toMatchObject({ half_life: '21d', window: 'all' })
  })
})

describe('weights by age', () => {
  const times = Float64Array.of(0, 21 * DAY, 42 * DAY)

  it('halve with each half-life', () => {
    expect([...ageWeights(times, 3, 42 * DAY, { halfLife: 21 * DAY, window: 'all' })]).toEqual([0.25, 0.5, 1])
  })

  it('are nothing beyond the window, or when they are too small to move anything', () => {
    expect([...ageWeights(times, 3, 42 * DAY, { halfLife: 'all', window: 30 * DAY })]).toEqual([0, 1, 1])
    expect(ageWeights(times, 3, 42 * DAY, { halfLife: DAY, window: 'all' })[0]).toBe(0)
  })

  it('are 1 for rows without a time, and for a row from the future', () => {
    expect([...ageWeights(undefined, 2, 0, { halfLife: DAY, window: DAY })]).toEqual([1, 1])
    expect([...ageWeights(Float64Array.of(5 * DAY), 1, 0, { halfLife: DAY, window: 'all' })]).toEqual([1])
  })
})
