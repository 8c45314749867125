import { describe, expect, it } from 'vitest'
import { addPeriod, type DecayState, isDecayed, NO_DECAY, realisedLoss } from './decay.ts'

const SETTINGS = { slack: 0.1, threshold: 0.5 }

/** Losses of mean `mean` that spread as log losses do: exponential, whose standard deviation is its mean. */
function* periods(mean: (day: number) => number, rows: number, seed: number): Generator<Float64Array> {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  for (let day = 0; ; day++) yield Float64Array.from({ length: rows }, () => -Math.log(random()) * mean(day))
}

/** The day of the first alarm within `days`, of a champion that promised a loss of 1. */
function firstAlarm(source: Generator<Float64Array>, days: number): number | undefined {
  let state: DecayState = NO_DECAY
  for (let day = 0; day < days; day++) {
    const losses = source.next().value as Float64Array
    state = addPeriod(state, losses, realisedLoss(losses, 1)!, SETTINGS)
    if (isDecayed(state, 1, SETTINGS)) return day
  }
  return undefined
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

describe('decay', () => {
  it('is heard within days when losses rise for good, however few labels a day has', () => {
    const late = seeds.map(
      (seed) =>
        firstAlarm(
          periods((day) => (day < 30 ? 1 : 1.6), 33, seed),
          60,
        ) ?? 1e3,
    )
    for (const day of late) expect(day).toBeLessThan(50)
    expect(late.reduce((sum, day) => sum + day, 0) / late.length).toBeLessThan(36)
  })

  it('is hardly ever heard in a year in which nothing is wrong, though the sum alone passes its threshold', () => {
    const alarms = seeds.filter(
      (seed) =>
        firstAlarm(
          periods(() => 1, 33, seed),
          365,
        ) !== undefined,
    )
    expect(alarms.length).toBeLessThan(10)
    const sums = seeds.filter((seed) => {
      let state: DecayState = NO_DECAY
      const source = periods(() => 1, 33, seed)
      for (let day = 0; day < 365; day++) {
        const losses = source.next().value as Float64Array
        state = addPeriod(state, losses, realisedLoss(losses, 1)!, SETTINGS)
        if (state.statistic > SETTINGS.threshold) return true
      }
      return false
    })
    expect(sums.length).toBeGreaterThan(2 * alarms.length)
  })

  it('forgets what is made good again, rows and all', () => {
    const bad = Float64Array.from({ length: 50 }, () => 1.4)
    const good = Float64Array.from({ length: 50 }, () => 0.5)
    const following = (state: DecayState, losses: Float64Array) =>
      addPeriod(state, losses, realisedLoss(losses, 1)!, SETTINGS)
    const one = following(NO_DECAY, bad)
    expect(one).toMatchObject({ since: 1, rows: 50 })
    expect(one.statistic).toBeCloseTo(Math.log(1.4) - 0.1, 12)
    expect(isDecayed(one, 1, SETTINGS)).toBe(false)
    const three = following(following(one, bad), bad)
    expect(three).toMatchObject({ since: 3, rows: 150 })
    expect(isDecayed(three, 1, SETTINGS)).toBe(true)
    expect(following(three, good)).toEqual(NO_DECAY)
    expect(following(NO_DECAY, bad)).toMatchObject({ rows: 50 })
  })

  it('knows nothing of a model that promised no loss at all', () => {
    const losses = Float64Array.from([0.1, 0.2])
    expect(addPeriod(NO_DECAY, losses, realisedLoss(losses, 0)!, SETTINGS)).toEqual(NO_DECAY)
  })
})
