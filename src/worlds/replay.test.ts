import { describe, expect, it } from 'vitest'
import { type ReplayStep, replayPlan } from './replay.ts'
import type { LabelDelay } from './world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const time = (row: number) => row
const plan = (rows: readonly number[], start: number, labelDelay: LabelDelay) => [
  ...replayPlan(rows, { start, labelDelay, time }),
]
const rowsOf = (steps: readonly ReplayStep[], kind: ReplayStep['kind']) =>
  steps.filter((step) => step.kind === kind).flatMap((step) => step.rows)
const positionsOf = (steps: readonly ReplayStep[], kind: ReplayStep['kind']) =>
  new Map(steps.flatMap((step, at) => (step.kind === kind ? step.rows.map((row) => [row, at] as const) : [])))

describe('replayPlan', () => {
  it('predicts a day, then tells the labels known by its end', () => {
    // Two rows a day for three days; labels one day late.
    const rows = [0, 12, 24, 36, 48, 60].map((hours) => hours * HOUR)
    expect(plan(rows, 0, { milliseconds: DAY })).toEqual([
      { kind: 'predict', day: '1970-01-01', rows: [0, 1] },
      { kind: 'predict', day: '1970-01-02', rows: [2, 3] },
      { kind: 'label', day: '1970-01-02', rows: [0, 1] },
      { kind: 'predict', day: '1970-01-03', rows: [4, 5] },
      { kind: 'label', day: '1970-01-03', rows: [2, 3] },
      { kind: 'label', day: '1970-01-04', rows: [4, 5] },
    ])
  })

  it('counts a delay in rows by the rows that were seen', () => {
    const rows = [0, 12, 24, 36, 48, 60].map((hours) => hours * HOUR)
    expect(plan(rows, 1, { rows: 3 })).toEqual([
      { kind: 'predict', day: '1970-01-01', rows: [1] },
      { kind: 'predict', day: '1970-01-02', rows: [2, 3] },
      { kind: 'predict', day: '1970-01-03', rows: [4, 5] },
      { kind: 'label', day: '1970-01-03', rows: [1, 2] },
      { kind: 'label', day: '1970-01-03', rows: [3, 4, 5] },
    ])
  })

  it('tells labels on their own day when there is no traffic', () => {
    const steps = plan([0, HOUR, 10 * DAY], 0, { milliseconds: 2 * DAY })
    expect(steps.map((step) => `${step.kind} ${step.day} ${step.rows}`)).toEqual([
      'predict 1970-01-01 0,1',
      'label 1970-01-03 0,1',
      'predict 1970-01-11 2',
      'label 1970-01-13 2',
    ])
  })

  it.each([
    ['of 48 rows', { rows: 48 }],
    ['of 30 days', { milliseconds: 30 * DAY }],
    ['of half a day', { milliseconds: DAY / 2 }],
    ['of nothing', { rows: 0 }],
    ['longer than the table', { rows: 5_000 }],
  ] as const)('with a delay %s, gives each row once and no label before its time', (_, labelDelay) => {
    // Uneven traffic with whole days missing.
    const rows = Array.from({ length: 2_000 }, (_, i) => i * HOUR + Math.floor(i / 300) * 3 * DAY)
    const start = 137
    const steps = plan(rows, start, labelDelay)
    const live = rows.slice(start).map((_, i) => start + i)
    expect(rowsOf(steps, 'predict')).toEqual(live)
    expect(rowsOf(steps, 'label')).toEqual(live)
    expect(steps.every((step) => step.rows.length > 0)).toBe(true)
    expect(steps.map((step) => step.day)).toEqual(steps.map((step) => step.day).sort())

    const told = positionsOf(steps, 'label')
    const asked = positionsOf(steps, 'predict')
    for (const row of live) {
      expect(told.get(row)!).toBeGreaterThan(asked.get(row)!)
      const endOfDay = Date.parse(steps[told.get(row)!]!.day) + DAY
      if ('milliseconds' in labelDelay) expect(endOfDay).toBeGreaterThan(rows[row]! + labelDelay.milliseconds)
      else if (row + labelDelay.rows < rows.length) {
        expect(told.get(row)!).toBeGreaterThan(asked.get(row + labelDelay.rows)!)
      }
    }
  })

  it('never mixes two days in one request', () => {
    const rows = Array.from({ length: 100 }, (_, i) => i * 5 * HOUR)
    for (const step of plan(rows, 0, { rows: 5 })) {
      if (step.kind === 'predict') {
        expect(new Set(step.rows.map((row) => Math.floor(rows[row]! / DAY))).size).toBe(1)
      }
    }
  })

  it('has nothing to replay when all rows are history', () => {
    expect(plan([0, 1, 2], 3, { rows: 1 })).toEqual([])
  })

  it('refuses what it cannot replay', () => {
    expect(() => plan([0, 1], 3, { rows: 1 })).toThrow('start 3 is outside the table of 2 rows')
    expect(() => plan([0, 1], -1, { rows: 1 })).toThrow(RangeError)
    expect(() => plan([0, 1], 0, { rows: -1 })).toThrow('label delay')
    expect(() => plan([0, 1], 0, { rows: 1.5 })).toThrow('label delay')
    expect(() => plan([0, 1], 0, { milliseconds: Number.NaN })).toThrow('label delay')
    expect(() => plan([5, 4], 0, { rows: 1 })).toThrow('row 1 is earlier than the row before it')
    expect(() => plan([3 * DAY, DAY], 0, { rows: 1 })).toThrow('row 1 is earlier than the row before it')
    expect(() => plan([0, Number.NaN], 0, { rows: 1 })).toThrow(RangeError)
  })
})
