import { describe, expect, it } from 'vitest'
import { Random } from './random.ts'

const draws = 20_000

function sample(draw: (random: Random) => number): { mean: number; variance: number } {
  const random = new Random(5)
  const values = Array.from({ length: draws }, () => draw(random))
  const mean = values.reduce((sum, x) => sum + x, 0) / draws
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws }
}

describe('Random', () => {
  it('repeats itself for one seed and stream, and for no other', () => {
    const first = (seed: number, stream: number) => {
      const random = new Random(seed, stream)
      return Array.from({ length: 20 }, () => random.uniform()).join()
    }
    expect(first(7, 1)).toBe(first(7, 1))
    expect(new Set([first(7, 1), first(7, 2), first(7, 3), first(8, 1), first(8, 2), first(0, 0)]).size).toBe(6)
  })

  it('starts neighbouring streams without a common trend', () => {
    const firsts = Array.from({ length: draws }, (_, stream) => new Random(7, stream).uniform())
    const mean = firsts.reduce((sum, u) => sum + u, 0) / draws
    const serial = firsts.slice(1).reduce((sum, u, i) => sum + (u - 0.5) * (firsts[i]! - 0.5), 0) / draws
    // Five standard errors of independent uniforms: their variance is 1/12.
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / draws))
    expect(Math.abs(serial)).toBeLessThan((5 * (1 / 12)) / Math.sqrt(draws))
  })

  it.each([
    ['uniform', (r: Random) => r.uniform(), 0.5, 1 / 12],
    ['normal', (r: Random) => r.normal(), 0, 1],
    ['exponential of mean 34', (r: Random) => r.exponential(34), 34, 34 ** 2],
    ['poisson of mean 0.8', (r: Random) => r.poisson(0.8), 0.8, 0.8],
    ['poisson of mean 6', (r: Random) => r.poisson(6), 6, 6],
    ['below 10', (r: Random) => r.below(10), 4.5, 8.25],
  ] as const)('%s has its mean and variance', (_, draw, mean, variance) => {
    const seen = sample(draw)
    expect(Math.abs(seen.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / draws))
    // The variance of a sample variance depends on the kurtosis; the exponential's, 9, is the largest here.
    expect(Math.abs(seen.variance / variance - 1)).toBeLessThan(5 * Math.sqrt(8 / draws))
  })

  it('picks in proportion to the weights, and never what has none', () => {
    const random = new Random(3)
    const counts = { a: 0, b: 0, c: 0 }
    for (let i = 0; i < draws; i++) counts[random.pick({ a: 3, b: 0, c: 1 })]++
    expect(counts.b).toBe(0)
    expect(Math.abs(counts.a / draws - 0.75)).toBeLessThan(5 * Math.sqrt(0.1875 / draws))
  })
})
