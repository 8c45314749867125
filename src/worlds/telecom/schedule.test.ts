import { describe, expect, it } from 'vitest'
import { campaignStrength, offerStrength } from './schedule.ts'

describe('campaignStrength', () => {
  it.each([
    [-100, 0],
    [60, 0],
    [67, 0.5],
    [74, 1],
    [149.9, 1],
    [165, 0.5],
    [180, 0],
    [300, 0],
  ])('on day %d is %d', (day, strength) => expect(campaignStrength(day)).toBeCloseTo(strength, 10))
})

describe('offerStrength', () => {
  it('is the mean of the ramp over the thirty days after the scoring', () => {
    const ramp = (u: number) => Math.min(1, Math.max(0, (u - 195) / 21))
    for (let day = 150; day <= 240; day += 2.5) {
      const steps = 30_000
      let mean = 0
      for (let i = 0; i < steps; i++) mean += ramp(day + (30 * (i + 0.5)) / steps) / steps
      expect(offerStrength(day)).toBeCloseTo(mean, 6)
    }
  })

  it('reaches outcomes thirty days before the calendar, and is whole when the ramp is', () => {
    expect(offerStrength(165)).toBe(0)
    expect(offerStrength(166)).toBeGreaterThan(0)
    expect(offerStrength(215)).toBeLessThan(1)
    expect(offerStrength(216)).toBe(1)
    expect(offerStrength(400)).toBe(1)
  })
})
