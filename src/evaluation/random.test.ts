import { describe, expect, it } from 'vitest'
import { seededRandom } from './random.ts'

const draw = (n: number, next: () => number) => Array.from({ length: n }, next)
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('seeded random numbers', () => {
  it('repeat for a seed and differ between close seeds', () => {
    const first = (seed: number) => draw(5, seededRandom(seed).uniform)
    expect(first(1)).toEqual(first(1))
    expect(new Set([1, 2, 3, 1009, -1].flatMap(first)).size).toBe(25)
  })

  it('are uniform, and normal', () => {
    const random = seededRandom(2)
    const uniform = draw(40_000, random.uniform)
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
    expect(mean(uniform)).toBeCloseTo(0.5, 1)
    const tenths = new Array<number>(10).fill(0)
    for (const value of draw(40_000, () => random.below(10))) tenths[value]!++
    // Chi-square with 9 degrees of freedom passes 27.9 once in a thousand.
    expect(tenths.reduce((sum, count) => sum + (count - 4000) ** 2 / 4000, 0)).toBeLessThan(27.9)
    const normal = draw(40_000, random.normal)
    expect(Math.abs(mean(normal))).toBeLessThan(0.02)
    expect(mean(normal.map((z) => z * z))).toBeCloseTo(1, 1)
    expect(mean(normal.map((z) => z ** 4))).toBeCloseTo(3, 0)
    expect(normal.filter((z) => Math.abs(z) > 1.96).length / normal.length).toBeCloseTo(0.05, 2)
  })
})
