import { describe, expect, it } from 'vitest'
import { chiSquareP, jensenShannon, kolmogorovSmirnov, populationStabilityIndex, psiNoise } from './distance.ts'
import { chiSquareQuantile, chiSquareTail, normalTail } from './distributions.ts'
import { seededRandom } from './random.ts'

// scipy.stats.chi2.sf, chi2.isf and norm.sf, SciPy 1.17.1
describe('distributions agree with SciPy', () => {
  it.each([
    [3.84, 1, 0.05004352124870519],
    [0.1, 1, 0.7518296340458492],
    [20, 9, 0.017912404529843298],
    [150, 9, 8.819629954805395e-28],
    [300, 200, 5.924540335483916e-6],
    [40, 57, 0.9573961157466311],
  ])('chi2.sf(%d, %i)', (x, degrees, tail) => {
    expect(chiSquareTail(x, degrees) / tail).toBeCloseTo(1, 9)
  })
  it.each([
    [0.01, 9, 21.665994333461928],
    [0.05, 1, 3.8414588206941285],
    [1e-6, 20, 65.42068103504783],
  ])('chi2.isf(%d, %i)', (tail, degrees, x) => {
    expect(chiSquareQuantile(tail, degrees)).toBeCloseTo(x, 8)
  })
  it.each([
    [-2, 0.9772498680518208],
    [0.5, 0.3085375387259869],
    [6, 9.865876450376946e-10],
  ])('norm.sf(%d)', (z, tail) => {
    expect(normalTail(z) / tail).toBeCloseTo(1, 9)
  })
})

describe('distances of histograms', () => {
  const reference = [100, 200, 300, 0, 400, 50]
  const current = [150, 150, 200, 20, 480, 0]

  it('agree with SciPy', () => {
    // scipy.spatial.distance.jensenshannon(R, C, base=2); scipy.stats.chi2_contingency([R, C], correction=False).pvalue
    expect(jensenShannon(reference, current)).toBeCloseTo(0.2227110065403786, 12)
    expect(chiSquareP(reference, current) / 8.366795205036844e-23).toBeCloseTo(1, 9)
  })

  it('PSI is the sum (q - p) ln(q / p) on smoothed shares, symmetric, and 0 for equal shares', () => {
    // (q - p) ln(q / p) by hand, half a row added to each bin: p = 30.5/101, 70.5/101; q = 60.5/101, 40.5/101
    const byHand = (30 / 101) * Math.log(60.5 / 30.5) + (-30 / 101) * Math.log(40.5 / 70.5)
    expect(populationStabilityIndex([30, 70], [60, 40])).toBeCloseTo(byHand, 12)
    expect(populationStabilityIndex(reference, current)).toBeCloseTo(populationStabilityIndex(current, reference), 12)
    expect(populationStabilityIndex(reference, reference)).toBe(0)
  })

  it('are unmoved by bins that are empty on both sides', () => {
    const padded = (counts: number[]) => [0, ...counts, 0, 0]
    expect(populationStabilityIndex(padded(reference), padded(current))).toBe(
      populationStabilityIndex(reference, current),
    )
    expect(chiSquareP(padded(reference), padded(current))).toBe(chiSquareP(reference, current))
  })

  it('tell disjoint from equal', () => {
    expect(jensenShannon([5, 0], [0, 9])).toBe(1)
    expect(kolmogorovSmirnov([5, 0], [0, 9])).toBe(1)
    expect(kolmogorovSmirnov([10, 10, 20], [1, 1, 2])).toBe(0)
    expect(chiSquareP([7, 0], [9, 0])).toBe(1)
    expect(() => jensenShannon([1], [1, 2])).toThrow('histograms of 1 and 2 bins')
    expect(populationStabilityIndex([1, 2], [0, 0])).toBeNaN()
  })
})

describe('PSI noise', () => {
  it('has the mean and the tail that samples without drift show', () => {
    const random = seededRandom(11)
    const draw = (n: number) => {
      const counts = new Array<number>(10).fill(0)
      for (let i = 0; i < n; i++) counts[random.below(10)]!++
      return counts
    }
    const noise = psiNoise(10, 2000, 500, 0.05)
    const rounds = 1500
    let sum = 0
    let above = 0
    for (let round = 0; round < rounds; round++) {
      const psi = populationStabilityIndex(draw(2000), draw(500))
      sum += psi
      if (psi > noise.limit) above++
    }
    expect(sum / rounds / noise.expected).toBeCloseTo(1, 1)
    expect(above / rounds).toBeGreaterThan(0.035)
    expect(above / rounds).toBeLessThan(0.065)
  })
})
