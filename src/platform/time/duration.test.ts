import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

const DAY = 24 * 3_600_000

describe('parseDuration', () => {
  it.each([
    ['0s', 0],
    ['5ms', 5],
    ['0.5ms', 0.5],
    ['30s', 30_000],
    ['90m', 5_400_000],
    ['1.5h', 5_400_000],
    ['24h', DAY],
    ['7d', 7 * DAY],
    ['3w', 21 * DAY],
    ['36500d', 36_500 * DAY],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

  it.each(['', '7', 'd', '7 d', '7D', '-1d', '+1d', '1d12h', '1e3s', '.5h', '7days', '١d', '7d\n'])(
    'refuses %j',
    (text) => expect(() => parseDuration(text)).toThrow(RangeError),
  )

  it('refuses what is longer than a hundred years, however many digits it has', () => {
    expect(() => parseDuration('36501d')).toThrow('longer than a hundred years')
    expect(() => parseDuration(`${'9'.repeat(400)}s`)).toThrow('longer than a hundred years')
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [0.5, '0.5ms'],
    [1_500, '1500ms'],
    [5_400_000, '90m'],
    [DAY, '1d'],
    [36 * 3_600_000, '36h'],
    [21 * DAY, '21d'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
    expect(parseDuration(text)).toBe(ms)
  })
})
