import { describe, expect, it } from 'vitest'
import { eventTimeOf, parseTimestamp } from './event-time.ts'

const at = (text: string) => Date.parse(text)

describe('eventTimeOf', () => {
  it.each([
    [['t'], { t: '2025-03-01' }, at('2025-03-01T00:00:00Z')],
    [['t'], { t: '2025-03-01T09:30:00' }, at('2025-03-01T09:30:00Z')],
    [['t'], { t: '2025-03-01 09:30:00' }, at('2025-03-01T09:30:00Z')],
    [['t'], { t: '2025-03-01T09:30:00+02:00' }, at('2025-03-01T07:30:00Z')],
    [['t'], { t: 1_740_821_400_000 }, 1_740_821_400_000],
    [['day', 'hour'], { day: '2011-01-01', hour: 23 }, at('2011-01-01T23:00:00Z')],
    [['day', 'hour'], { day: '2011-01-01', hour: '7' }, at('2011-01-01T07:00:00Z')],
    [['day', 'hour'], { day: '2011-01-01', hour: 9.5 }, at('2011-01-01T09:30:00Z')],
    [['day', 'clock'], { day: '2011-01-01', clock: '16:05' }, at('2011-01-01T16:05:00Z')],
  ])('of %j in %j', (columns, record, expected) => expect(eventTimeOf(record, columns, 5, 0)).toBe(expected))

  it('is the arrival without time columns', () => expect(eventTimeOf({ t: '2025-03-01' }, [], 5, 0)).toBe(5))

  it.each([
    [['t'], {}, 'the time of the record is missing'],
    [['t'], { t: null }, 'the time of the record is missing'],
    [['t'], { t: 'yesterday' }, '"yesterday" is no date or timestamp'],
    [['t'], { t: '2025-02-30T25:00' }, 'no date or timestamp'],
    [['t'], { t: true }, 'true is no date'],
    [['day', 'hour'], { day: '2011-01-01', hour: 'noon' }, '"noon" is no hour'],
    [['day', 'hour'], { day: '2011-01-01', hour: 25 }, '25 is no hour'],
    [['day', 'hour'], { day: '2011-01-01', hour: -1 }, '-1 is no hour'],
  ])('refuses %j in %j', (columns, record, message) => {
    expect(() => eventTimeOf(record, columns, 5, 4)).toThrow(`Record 4, field "${columns.at(-1)}"`)
    expect(() => eventTimeOf(record, columns, 5, 4)).toThrow(message)
  })
})

it('reads a time without a zone as UTC wherever the server stands', () => {
  const zone = process.env.TZ
  try {
    for (const TZ of ['America/New_York', 'Asia/Tokyo']) {
      process.env.TZ = TZ
      expect(parseTimestamp('2025-07-01T12:00')).toBe(at('2025-07-01T12:00:00Z'))
    }
  } finally {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  }
})
