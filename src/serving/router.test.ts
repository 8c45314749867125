import { describe, expect, it } from 'vitest'
import type { Sticky, Traffic } from '#deployments/contract'
import {
  canaryArm,
  combine,
  isOnCanary,
  loadedVersions,
  scoringVersions,
  stableArm,
  stickyKey,
  unitHash,
} from './router.ts'
import { alone, NO_TRAFFIC } from './serving.fixture.ts'

const ids = Array.from({ length: 20_000 }, (_, i) => `order-${i}`)

describe('the split of traffic', () => {
  it.each([0.01, 0.1, 0.5, 0.9])('gives a canary of %d that share of consecutive ids', (share) => {
    const taken = ids.filter((id) => isOnCanary(id, share)).length / ids.length
    // Five standard errors of a fair draw.
    expect(Math.abs(taken - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / ids.length))
  })

  it('gives nothing at 0 and everything at 1', () => {
    expect(ids.some((id) => isOnCanary(id, 0))).toBe(false)
    expect(ids.every((id) => isOnCanary(id, 1))).toBe(true)
  })

  it('never moves an id off the canary when its share grows', () => {
    for (const id of ids.filter((one) => isOnCanary(one, 0.1))) expect(isOnCanary(id, 0.5)).toBe(true)
  })

  it('spreads evenly over tenths, also for ids that differ in one character', () => {
    const tenths = new Array(10).fill(0)
    for (const id of ids) tenths[Math.floor(unitHash(id) * 10)]++
    for (const count of tenths) expect(Math.abs(count - ids.length / 10)).toBeLessThan(5 * Math.sqrt(ids.length * 0.09))
  })
})

describe('the arms', () => {
  const traffic = {
    stable: [
      { version: 5, weight: 0.2 },
      { version: 7, weight: 0.8 },
    ],
    canary: { version: 8, share: 0.1, answer: [...alone(8), { version: 7, weight: 0 }] },
    reference: 1,
    kept: [5, 6, 7],
  }

  it('name the youngest stable member, and the canary', () => {
    expect(stableArm(traffic)).toMatchObject({ route: 'stable', champion: 7 })
    expect(canaryArm(traffic)).toMatchObject({ route: 'canary', champion: 8 })
    expect(stableArm(NO_TRAFFIC)).toBeUndefined()
    expect(canaryArm(NO_TRAFFIC)).toBeUndefined()
  })

  it('score with every member and the reference, and keep more than that loaded', () => {
    expect(scoringVersions(traffic).sort()).toEqual([1, 5, 7, 8])
    expect(loadedVersions(traffic).sort()).toEqual([1, 5, 6, 7, 8])
  })
})

describe('combine', () => {
  const scores: Record<number, number[]> = { 1: [0.2, 0.8], 2: [0.6, 0.4], 3: [Number.NaN, Number.NaN] }
  const scoreOf = (version: number, k: number) => scores[version]?.[k] ?? Number.NaN
  const members = (...weights: [number, number][]) => weights.map(([version, weight]) => ({ version, weight }))

  it('is the weighted mean, output by output', () => {
    const [first, second] = combine(members([1, 0.25], [2, 0.75]), 2, scoreOf)!
    expect(first).toBeCloseTo(0.5, 12)
    expect(second).toBeCloseTo(0.5, 12)
  })

  it('goes on with those that answered, by their relative weights', () => {
    const [first, second] = combine(members([1, 0.2], [3, 0.6], [2, 0.2]), 2, scoreOf)!
    expect(first).toBeCloseTo(0.4, 12)
    expect(second).toBeCloseTo(0.6, 12)
  })

  it('takes no infinity for an answer', () => {
    expect(combine(members([1, 1]), 1, () => Number.POSITIVE_INFINITY)).toBeUndefined()
  })

  it('says nothing when nobody did', () => {
    expect(combine(members([3, 1]), 2, scoreOf)).toBeUndefined()
    expect(combine(members([1, 0]), 2, scoreOf)).toBeUndefined()
    expect(combine([], 2, scoreOf)).toBeUndefined()
  })
})

describe('what an arm is kept by', () => {
  const traffic = (sticky: Sticky | null): Traffic => ({
    ...{ stable: [], reference: null, kept: [] },
    canary: { version: 8, share: 0.5, answer: [], sticky },
  })
  const header = (name: string) => (name === 'x-user-id' ? 'ada' : undefined)

  it('is the value of a column, or a header, for the version under way', () => {
    expect(stickyKey(traffic({ column: 'user' }), { user: 7 }, header)).toBe('8/7')
    expect(stickyKey(traffic({ header: 'x-user-id' }), {}, header)).toBe('8/ada')
  })

  it('is nothing where nobody asks, or the request does not say', () => {
    expect(stickyKey(traffic(null), { user: 7 }, header)).toBeUndefined()
    expect(stickyKey(traffic({ column: 'user' }), { user: null }, header)).toBeUndefined()
    expect(stickyKey(traffic({ header: 'x-user-id' }), {}, undefined)).toBeUndefined()
  })
})
