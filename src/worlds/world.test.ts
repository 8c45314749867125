import { describe, expect, it } from 'vitest'
import { eventMillis, requestOf, rowMillis } from './world.ts'

const noon = Date.UTC(2011, 0, 2, 12)

describe('eventMillis', () => {
  it.each([
    '2011-01-02T12:00:00',
    '2011-01-02 12:00:00',
    '2011-01-02T12:00:00Z',
    '2011-01-02T13:00:00+01:00',
    '2011-01-02T12:00',
  ])('%s is one moment, on every machine', (text) => expect(eventMillis(text)).toBe(noon))

  it('takes a date as its midnight', () => expect(eventMillis('2011-01-02')).toBe(noon - 12 * 3_600_000))

  it.each(['', 'yesterday', '2011-13-02', 'null'])('refuses %j', (text) =>
    expect(() => eventMillis(text)).toThrow('is no event time; write it as 2025-03-01T09:30:00Z'),
  )
})

describe('rowMillis', () => {
  const world = { timeColumns: ['dteday', 'hr'] as const }

  it('adds the hour to the date', () => expect(rowMillis(world, { dteday: '2011-01-02', hr: 12 })).toBe(noon))

  it.each([null, 24, -1, 'noon'])('refuses the hour %j', (hr) =>
    expect(() => rowMillis(world, { dteday: '2011-01-02', hr })).toThrow('is no hour of a day (column hr)'),
  )
})

it('requestOf carries the features and nothing else, missing ones as null', () => {
  expect(requestOf({ features: ['gb', 'plan'] }, { id: 'C1', gb: 3, churned: 'yes' })).toEqual({ gb: 3, plan: null })
})
