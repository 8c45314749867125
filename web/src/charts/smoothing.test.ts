import { describe, expect, it } from 'vitest'
import { logarithmic, logTicks } from './scale.ts'
import { smoothed } from './smoothing.ts'

describe('smoothing', () => {
  it('leaves a constant as it is, from the first value on', () => {
    for (const value of smoothed([3, 3, 3], 0.9)) expect(value).toBeCloseTo(3, 12)
  })

  it('weighs what came before, and passes over gaps', () => {
    expect(smoothed([1, null, 3], 0.5)).toEqual([1, null, (0.25 * 1 + 0.5 * 3) / 0.75])
    expect(smoothed([1, 2], 0)).toEqual([1, 2])
  })
})

describe('a logarithmic scale', () => {
  it('gives every power of ten the same height, and nothing to what has no logarithm', () => {
    const y = logarithmic([0.01, 100], [0, 400])
    expect(y(0.01)).toBeCloseTo(0)
    expect(y(1)).toBeCloseTo(200)
    expect(y(10)).toBeCloseTo(300)
    expect(y.invert(300)).toBeCloseTo(10)
  })

  it('is marked at powers of ten, and at 2 and 5 times them where few fit', () => {
    expect(logTicks(0.001, 100, 8)).toEqual([0.001, 0.01, 0.1, 1, 10, 100])
    expect(logTicks(0.15, 0.8, 5)).toEqual([0.2, 0.5])
    expect(logTicks(1e-12, 1e12, 5).length).toBeLessThanOrEqual(9)
  })
})
