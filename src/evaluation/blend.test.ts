import { describe, expect, it } from 'vitest'
import { blendWeights } from './blend.ts'
import { exponentialWeights } from './committee.ts'

const truth = Float64Array.from({ length: 200 }, (_, i) => i % 2)
/** Answers that give the true class the probability `p`. */
const confident = (p: number) => truth.map((y) => (y === 1 ? p : 1 - p))

describe('a blend', () => {
  it('gives a candidate whose loss is 10 % above the best one’s 1/e of its part', () => {
    const numbers = Float64Array.of(0, 0, 0, 0)
    const [best, worse] = blendWeights('regression', numbers, [numbers.map(() => 1), numbers.map(() => 1.1)])
    expect(worse! / best!).toBeCloseTo(Math.exp(-1), 6)
    expect(best! + worse!).toBeCloseTo(1, 12)
  })

  it('does not depend on the unit of the target', () => {
    const values = Float64Array.of(1, 2, 3, 4)
    const scores = [values.map((v) => v + 1), values.map((v) => v + 1.1)]
    const scaled = (by: number) =>
      blendWeights(
        'regression',
        values.map((v) => v * by),
        scores.map((s) => s.map((v) => v * by)),
      )
    const small = scaled(1)
    for (const [i, part] of scaled(1_000).entries()) expect(part).toBeCloseTo(small[i]!, 9)
  })

  it('gives nothing to those beyond `most`, and their parts to the others', () => {
    const weights = blendWeights('binary', truth, [confident(0.8), confident(0.5), confident(0.79)], { most: 2 })
    expect(weights[1]).toBe(0)
    expect(weights[0]! + weights[2]!).toBeCloseTo(1, 12)
    expect(weights[0]!).toBeGreaterThan(weights[2]!)
  })

  it('is even among equals, and all for the one that knows', () => {
    expect(blendWeights('binary', truth, [confident(0.7), confident(0.7)])).toEqual([0.5, 0.5])
    expect(blendWeights('binary', truth, [confident(0.5), confident(0.95)])[1]).toBeGreaterThan(0.999)
  })

  it('refuses what it cannot weigh', () => {
    expect(() => blendWeights('binary', truth, [])).toThrow(RangeError)
    expect(() => blendWeights('binary', new Float64Array(0), [new Float64Array(0)])).toThrow(RangeError)
  })
})

describe('exponential weights', () => {
  it('give everything to candidates without any loss', () => {
    expect(exponentialWeights([0, 0.1, 0], 0.1)).toEqual([0.5, 0, 0.5])
  })

  it('refuse losses that are none and temperatures that freeze', () => {
    expect(() => exponentialWeights([Number.NaN], 0.1)).toThrow(RangeError)
    expect(() => exponentialWeights([-1], 0.1)).toThrow(RangeError)
    expect(() => exponentialWeights([1], 0)).toThrow(RangeError)
  })
})
