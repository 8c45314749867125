import { describe, expect, it } from 'vitest'
import { blendWeights } from './blend.ts'
import { mean, rowLosses } from './losses.ts'
import { seededRandom } from './random.ts'

/** Truth, and two noisy views of it whose errors are independent. */
function views(rows: number, noise: readonly number[]) {
  const random = seededRandom(7)
  const truth = new Float64Array(rows)
  const scores = noise.map(() => new Float64Array(rows))
  for (let r = 0; r < rows; r++) {
    truth[r] = 10 * random.uniform()
    noise.forEach((spread, c) => {
      scores[c]![r] = truth[r]! + spread * (random.uniform() + random.uniform() + random.uniform() - 1.5)
    })
  }
  return { truth, scores }
}

const loss = (truth: Float64Array, scores: readonly Float64Array[], weights: readonly number[]) =>
  mean(
    rowLosses(
      'regression',
      truth,
      truth.map((_, r) => scores.reduce((sum, one, c) => sum + weights[c]! * one[r]!, 0)),
      { regression: 'squared' },
    ),
  )

describe('a blend', () => {
  it('weighs independent errors by inverse variance, the textbook optimum', () => {
    const { truth, scores } = views(4_000, [1, 2])
    const [better] = blendWeights('regression', truth, scores, { evenness: 0 })
    expect(better).toBeCloseTo(0.8, 1)
  })

  it('loses no more than any mixture on a grid', () => {
    const { truth, scores } = views(500, [1, 1.5])
    const best = Math.min(...Array.from({ length: 101 }, (_, i) => loss(truth, scores, [i / 100, 1 - i / 100])))
    expect(loss(truth, scores, blendWeights('regression', truth, scores, { evenness: 0 }))).toBeLessThan(best * 1.001)
  })

  it('gives parts that are not negative and add up to 1, and nothing to those beyond `most`', () => {
    const { truth, scores } = views(300, [1, 5, 2])
    const weights = blendWeights('regression', truth, scores, { most: 2 })
    expect(weights[1]).toBe(0)
    expect(weights.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 12)
    expect(weights.every((part) => part >= 0)).toBe(true)
  })

  it('stays near equal parts when there is next to nothing to learn from', () => {
    const truth = Float64Array.of(1, 0)
    const weights = blendWeights('binary', truth, [Float64Array.of(0.9, 0.2), Float64Array.of(0.8, 0.3)])
    for (const part of weights) expect(part).toBeCloseTo(0.5, 1)
  })

  it('puts its weight on the candidate that knows the class', () => {
    const truth = Float64Array.from({ length: 400 }, (_, i) => i % 2)
    const knows = truth.map((y) => (y === 1 ? 0.9 : 0.1))
    const guesses = truth.map(() => 0.5)
    expect(blendWeights('binary', truth, [guesses, knows])[1]).toBeGreaterThan(0.9)
  })
})
