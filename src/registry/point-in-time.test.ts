import { expect, it } from 'vitest'
import { timeRangeOf } from './point-in-time.ts'

const utc = Date.UTC

it('takes a day for all of it, and an instant for itself', () => {
  expect(timeRangeOf('2026-03-03')).toEqual({ from: utc(2026, 2, 3), to: utc(2026, 2, 4) - 1 })
  expect(timeRangeOf('2026-03-03T14:05')).toEqual({ from: utc(2026, 2, 3, 14, 5), to: utc(2026, 2, 3, 14, 5) })
  expect(timeRangeOf('2026-03-03 14:05:06Z')?.from).toBe(utc(2026, 2, 3, 14, 5, 6))
  expect(timeRangeOf('2026-03-03T00:05+02:00')?.from).toBe(utc(2026, 2, 2, 22, 5))
  expect(timeRangeOf('1772500000000')).toEqual({ from: 1_772_500_000_000, to: 1_772_500_000_000 })
})

it.each([
  '',
  'yesterday',
  '2026-02-31',
  '2026-13-01',
  '2026-3-3',
  '2026-03-03T25:00',
  '03/03/2026',
  '2026-03-03Z',
  '7',
])('says that %j is no time', (text) => expect(timeRangeOf(text)).toBeUndefined())
