import { describe, expect, it } from 'vitest'
import { bandPath, linePath } from './path.ts'
import { linear, nearestIndex, niceTicks, tickLabels, timeTicks } from './scale.ts'
import { type Series, verticalExtent } from './series.ts'

describe('scales', () => {
  it('a scale leads there and back', () => {
    const x = linear([10, 20], [0, 200])
    expect(x(15)).toBe(100)
    expect(x.invert(x(17.3))).toBeCloseTo(17.3)
    expect(linear([5, 5], [0, 100]).invert(40)).toBe(5)
  })

  it('ticks are round, inside, and never fewer than three', () => {
    expect(niceTicks(0.57, 0.95, 5)).toEqual([0.6, 0.7, 0.8, 0.9])
    for (const [from, to] of [
      [0.55, 1.4],
      [38.2, 71.9],
      [0, 12.5],
      [-3e-5, 4e-5],
      [1, 1.0004],
    ] as const)
      for (const wanted of [3, 4, 5, 8]) {
        const ticks = niceTicks(from, to, wanted)
        expect(ticks.length, `${from} to ${to}`).toBeGreaterThanOrEqual(3)
        expect(ticks.length).toBeLessThanOrEqual(2 * wanted + 2)
        expect(ticks[0]).toBeGreaterThanOrEqual(from)
        expect(ticks.at(-1)).toBeLessThanOrEqual(to)
      }
  })

  it('labels of one axis have the decimals that tell its ticks apart', () => {
    expect(tickLabels([0.6, 0.7, 0.8])).toEqual(['0.6', '0.7', '0.8'])
    expect(tickLabels([0.8, 0.82, 0.84])).toEqual(['0.80', '0.82', '0.84'])
    expect(tickLabels([-10, 0, 10])).toEqual(['−10', '0', '10'])
    expect(tickLabels([1000, 1500, 2000])).toEqual(['1,000', '1,500', '2,000'])
  })

  it('time ticks fall on round times in UTC and name the year once', () => {
    const from = Date.UTC(1996, 4, 7)
    const to = Date.UTC(1998, 11, 5)
    const months = timeTicks(from, to, 12)
    expect(months.map((tick) => tick.label)).toEqual([
      'Jul 96',
      'Oct',
      'Jan 97',
      'Apr',
      'Jul',
      'Oct',
      'Jan 98',
      'Apr',
      'Jul',
      'Oct',
    ])
    expect(months.every((tick) => new Date(tick.at).getUTCDate() === 1)).toBe(true)
    expect(
      timeTicks(Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 29), 5).every((t) => new Date(t.at).getUTCDay() === 1),
    ).toBe(true)
    expect(timeTicks(Date.UTC(2024, 0, 1, 20), Date.UTC(2024, 0, 2, 3), 9).map((t) => t.label)).toContain('2 Jan')
    expect(timeTicks(5, 5, 4)).toEqual([])
  })

  it('finds the nearest of ascending times', () => {
    const times = [0, 10, 20, 40]
    expect([-5, 4, 6, 29, 31, 99].map((at) => nearestIndex(times, at))).toEqual([0, 0, 1, 2, 3, 3])
    expect(nearestIndex([], 3)).toBe(-1)
    expect(nearestIndex([7], 3)).toBe(0)
  })
})

describe('paths', () => {
  it('a gap in the data is a gap in the line and in the band', () => {
    const xs = [0, 1, 2, 3, 4]
    const y = (value: number) => value
    expect(linePath(xs, [1, 2, null, 4, 5], y)).toBe('M0 1L1 2M3 4L4 5')
    expect(bandPath(xs, [0, 0, null, 1, 1], [2, 2, 2, 3, 3], y)).toBe('M0 2L1 2L1 0L0 0ZM3 3L4 3L4 1L3 1Z')
  })
})

describe('the height of a chart', () => {
  const line = (values: (number | null)[], band?: Series['band']): Series => ({
    name: 'x',
    look: 'loop',
    values,
    ...(band ? { band } : {}),
  })

  it('follows what is in view only', () => {
    const [low, high] = verticalExtent([line([0, 0.8, 0.9, 5])], [], [false, true, true, false], false)
    expect(low).toBeGreaterThan(0.7)
    expect(high).toBeLessThan(1)
  })

  it('is not flattened by the interval of the first few labels', () => {
    const band = { lower: [0, 0.78, 0.8], upper: [40, 0.92, 0.93] }
    const [low, high] = verticalExtent([line([0.85, 0.85, 0.87], band)], [], [true, true, true], false)
    expect(high - low).toBeLessThan(0.1)
  })

  it('holds the limit it is compared with, zero when asked, and stands without any data', () => {
    expect(verticalExtent([line([1, 2])], [{ value: 12 }], [true, true], true)[0]).toBe(0)
    expect(verticalExtent([line([1, 2])], [{ value: 12 }], [true, true], true)[1]).toBeGreaterThan(12)
    expect(verticalExtent([line([null])], [], [true], false)).toEqual([0, 1])
  })
})
