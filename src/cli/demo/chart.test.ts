import { describe, expect, it } from 'vitest'
import { rangeOf, sparkline, versionBand } from './chart.ts'

const point = (value: number | null, reference: number | null = null, champion = 1) => ({ value, reference, champion })

describe('sparkline', () => {
  it('spans the eight bars from low to high, and leaves what is not known blank', () => {
    expect(sparkline([0, null, 0.5, 1], 4, 0, 1)).toBe('▁ ▅█')
    expect(sparkline([-1, 2], 2, 0, 1)).toBe('▁█')
  })

  it('means several values that share a place', () => {
    expect(sparkline([0, 1, 1, 1], 2, 0, 1)).toBe('▅█')
    expect(sparkline([null, 1, null, null], 2, 0, 1)).toBe('█ ')
  })

  it('draws one value without dividing by nothing', () => {
    expect(sparkline([0.8], 1, 0.8, 0.8)).toBe('▁')
  })
})

describe('range', () => {
  it('holds both lines', () => {
    expect(rangeOf([point(0.9, 0.7), point(0.5)])).toEqual({ low: 0.5, high: 0.9 })
  })

  it('does not blow weather up to a storm', () => {
    const { low, high } = rangeOf([point(0.8), point(0.81)])!
    expect(high - low).toBeCloseTo(0.15 * 0.81)
  })

  it('is unknown without values', () => {
    expect(rangeOf([point(null)])).toBeUndefined()
  })
})

describe('version band', () => {
  it('names each version where it took over', () => {
    expect(
      versionBand(
        [1, 1, 1, 2, 2].map((champion) => point(1, 1, champion)),
        5,
      ),
    ).toBe('1··2·')
  })

  it('gives a number of two digits the places of its own', () => {
    expect(
      versionBand(
        [9, 10, 10, 10].map((champion) => point(1, 1, champion)),
        4,
      ),
    ).toBe('910·')
  })
})
