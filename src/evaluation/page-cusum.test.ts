import { describe, expect, it } from 'vitest'
import { CUSUM_START, decay, pageCusum } from './page-cusum.ts'

const settings = { slack: 0.5, threshold: 2 }
const run = (observations: readonly number[]) =>
  observations.reduce((step, x) => pageCusum(step.state, x, settings), { state: CUSUM_START, alarm: false })

describe("Page's cumulative sum", () => {
  it('adds up what exceeds the slack and counts since when', () => {
    expect(run([1, 1, 1]).state).toEqual({ statistic: 1.5, since: 3 })
    expect(run([1, 1, 1]).alarm).toBe(false)
    expect(run([1, 1, 1, 1, 1]).alarm).toBe(true)
  })

  it('forgets an excess that is made good again', () => {
    expect(run([1, 1, -2]).state).toEqual(CUSUM_START)
  })

  it('alarms only above the threshold, not at it', () => {
    expect(run([2.5]).alarm).toBe(false)
    expect(run([2.51]).alarm).toBe(true)
  })

  it('refuses what would stick in the sum for ever', () => {
    expect(() => run([Number.NaN])).toThrow(RangeError)
    expect(() => run([Number.POSITIVE_INFINITY])).toThrow(RangeError)
  })
})

describe('decay', () => {
  it('alarms on the sixth period of a lasting excess of 34 % at slack 0.1 and threshold 1', () => {
    let state = CUSUM_START
    const alarms = Array.from({ length: 6 }, () => {
      const step = decay(state, { realised: 1.34, promised: 1 }, { slack: 0.1, threshold: 1 })
      state = step.state
      return step.alarm
    })
    expect(alarms).toEqual([false, false, false, false, false, true])
  })

  it('overlooks a promise of nothing', () => {
    expect(decay(CUSUM_START, { realised: 1, promised: 0 }, settings)).toEqual({ state: CUSUM_START, alarm: false })
  })
})
