import { describe, expect, it } from 'vitest'
import { mix, pickBest } from './winner.ts'

// Twelve rows; the first six choose.
const truth = Float64Array.from({ length: 12 }, (_, i) => i % 2)
const sure = truth.map((y) => (y === 1 ? 0.9 : 0.1))
const coin = truth.map(() => 0.5)
/** Right where candidates are chosen, wrong where they are tested. */
const turncoat = truth.map((y, i) => (i < 6 === (y === 1) ? 0.95 : 0.05))

describe('picking the best', () => {
  it('goes by the validation rows alone and evaluates on the others', () => {
    const winner = pickBest('binary', undefined, truth, [{ scores: coin }, { scores: turncoat }], 6)
    expect(winner.weights).toEqual([0, 1])
    expect([...winner.evaluated]).toEqual([6, 7, 8, 9, 10, 11])
    expect([...winner.scores]).toEqual([...turncoat.slice(6)])
  })

  it('goes by the metric asked for', () => {
    const timid = truth.map((y) => (y === 1 ? 0.52 : 0.48))
    expect(pickBest('binary', 'log_loss', truth, [{ scores: timid }, { scores: sure }], 6).weights).toEqual([0, 1])
  })
})

describe('mixing', () => {
  it('scores each half with what the other half taught', () => {
    // On its first half the turncoat is right, so it gets weight for the second half, where it is wrong: the evaluation shows it.
    const winner = mix('binary', truth, [{ scores: sure }, { scores: turncoat }], 6, 4)
    expect(winner.evaluated.length).toBe(12)
    const wrong = [...winner.scores.slice(6)].filter((score, i) => score > 0.5 !== (truth[6 + i] === 1))
    const inner = [...winner.scores.slice(0, 6)].filter((score, i) => score > 0.5 !== (truth[i] === 1))
    expect(inner).toHaveLength(0)
    expect(winner.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9)
    expect(winner.weights[0]!).toBeGreaterThan(winner.weights[1]!)
    expect(wrong).toHaveLength(6)
  })

  it('gives parts to the best few only', () => {
    const candidates = [{ scores: coin }, { scores: sure }, { scores: truth.map((y) => (y === 1 ? 0.8 : 0.2)) }]
    expect(mix('binary', truth, candidates, 6, 2).weights[0]).toBe(0)
  })
})
