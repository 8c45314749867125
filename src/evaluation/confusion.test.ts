import { describe, expect, it } from 'vitest'
import { confusionMatrix } from './confusion.ts'

describe('confusionMatrix', () => {
  it('counts rows by truth and answer, from the threshold on as the second class', () => {
    const [truth, scores] = [
      [0, 0, 1, 1, 1],
      [0.2, 0.5, 0.5, 0.9, 0.1],
    ].map((values) => Float64Array.from(values))
    expect(confusionMatrix('binary', truth!, scores!)).toEqual([
      [1, 1],
      [1, 2],
    ])
    expect(confusionMatrix('binary', truth!, scores!, 0.6)).toEqual([
      [2, 0],
      [2, 1],
    ])
  })

  it('takes the likeliest of several classes, and has none for numbers', () => {
    const scores = Float64Array.of(0.1, 0.7, 0.2, 0.6, 0.3, 0.1, 0.2, 0.2, 0.6)
    expect(confusionMatrix('multiclass', Float64Array.of(1, 2, 2), scores)).toEqual([
      [0, 0, 0],
      [0, 1, 0],
      [1, 0, 1],
    ])
    expect(confusionMatrix('regression', Float64Array.of(1), Float64Array.of(1))).toBeNull()
  })
})
