import { describe, expect, it } from 'vitest'
import { bytes, count, figure, percent, signed } from './numbers.ts'
import { ago, eventMinute, span } from './times.ts'

describe('numbers and times', () => {
  it('shows the digits that matter, with a true minus', () => {
    expect([0.8584, 1, 1.3333, 43.07, 1204.4, 0.00351, 0.0000351, 0, -0.0123, null].map(figure)).toEqual([
      '0.858',
      '1.00',
      '1.33',
      '43.1',
      '1,204',
      '0.0035',
      '3.5e−5',
      '0',
      '−0.012',
      '–',
    ])
    expect([0.085, -0.085, 0].map(signed)).toEqual(['+0.085', '−0.085', '±0'])
    expect([0.9, 0.004, 0.0002, 1, 0].map(percent)).toEqual(['90 %', '0.4 %', '< 0.1 %', '100 %', '0 %'])
    expect([999, 173_000, 2_500_000].map(bytes)).toEqual(['999 B', '173 kB', '2.5 MB'])
    expect(count(40_781)).toBe('40,781')
  })

  it('event time is UTC whatever the zone; spans have two units at most', () => {
    expect(eventMinute(Date.UTC(1997, 10, 3, 14, 30))).toBe('3 Nov 1997, 14:30')
    expect([320, 9300, 41_000, 3_900_000, 7 * 86_400_000, 30 * 86_400_000].map(span)).toEqual([
      '320 ms',
      '9.3 s',
      '41 s',
      '1 h 5 min',
      '7 d',
      '30 d',
    ])
    const now = Date.UTC(2026, 0, 5, 12)
    expect([2_000, 42_000, 240_000, 7_200_000].map((before) => ago(now - before, now))).toEqual([
      'just now',
      '42 s ago',
      '4 min ago',
      '2 h ago',
    ])
  })
})
