import { describe, expect, it } from 'vitest'
import { createBreaker } from './breaker.ts'

const S = 1000

describe('createBreaker', () => {
  it('lets a process start again at once, four times in a minute', () => {
    const breaker = createBreaker()
    expect([0, 1, 2, 3].map((s) => breaker.failed(s * S))).toEqual([0, 0, 0, 0])
    expect(breaker.restingSeconds(4 * S)).toBe(0)
    expect([70, 71, 72, 73].map((s) => breaker.failed(s * S))).toEqual([0, 0, 0, 0])
  })

  it('rests after the fifth, twice as long when the trial after a rest fails, and no longer than five minutes', () => {
    const breaker = createBreaker()
    let now = 0
    for (let i = 0; i < 4; i++) breaker.failed(now)
    const rests = Array.from({ length: 6 }, () => {
      const seconds = breaker.failed(now)
      expect(breaker.restingSeconds(now + 500)).toBe(seconds)
      now += seconds * S
      return seconds
    })
    expect(rests).toEqual([30, 60, 120, 240, 300, 300])
  })

  it('forgives after an hour without an end', () => {
    const breaker = createBreaker()
    const fiveTimes = (at: number) => Array.from({ length: 5 }, () => breaker.failed(at)).at(-1)
    expect(fiveTimes(0)).toBe(30)
    expect(fiveTimes(100 * S)).toBe(60)
    expect(fiveTimes(2 * 3600 * S)).toBe(30)
  })
})
