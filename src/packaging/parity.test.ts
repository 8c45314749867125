import { describe, expect, it } from 'vitest'
import { isBreached, parityOf } from './parity.ts'

describe('parity', () => {
  it('is the largest difference, of large numbers as a share of them', () => {
    expect(parityOf([0.5, 2_000.01], [0.500001, 2_000], 2)).toEqual({
      maxAbsDifference: expect.closeTo(0.01, 6),
      maxScaledDifference: expect.closeTo(5e-6, 9),
      rows: 2,
    })
  })

  it('is breached past a hundred-thousandth, and by an answer that is none or missing', () => {
    expect(isBreached(parityOf([0.5], [0.500009], 1))).toBe(false)
    expect(isBreached(parityOf([0.5], [0.500011], 1))).toBe(true)
    expect(isBreached(parityOf([Number.NaN], [0.5], 1))).toBe(true)
    expect(isBreached(parityOf([0.5], [0.5, 0.5], 2))).toBe(true)
  })
})
