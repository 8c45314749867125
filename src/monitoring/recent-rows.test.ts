import { describe, expect, it } from 'vitest'
import { RecentRows, type ServedRow } from './recent-rows.ts'

const row = (seq: number, eventTime = seq): ServedRow => ({
  ...{ seq, id: `p${seq}`, version: 1, route: 'stable', eventTime, latencyMs: 1 },
  ...{ inputs: {}, value: 0.5, probabilities: null, scores: { 1: 0.5 }, truth: null },
})
const seqs = (rows: readonly ServedRow[]) => rows.map(({ seq }) => seq)

describe('recent rows', () => {
  it('are in order of event time, late ones in their place, equal ones as they were logged', () => {
    const rows = new RecentRows()
    for (const one of [row(1, 10), row(2, 30), row(3, 20), row(4, 30), row(5, 5)]) rows.add(one)
    expect(seqs(rows.between(0, 100))).toEqual([5, 1, 3, 2, 4])
    expect(seqs(rows.between(10, 30))).toEqual([1, 3])
    rows.forgetBefore(20)
    expect(seqs(rows.between(0, 100))).toEqual([3, 2, 4])
  })

  it('take labels by id, and only for rows that are still there', () => {
    const rows = new RecentRows()
    for (let seq = 1; seq <= 3; seq++) rows.add(row(seq))
    rows.forgetBefore(2)
    expect(rows.label('p1', 'yes')).toBeUndefined()
    expect(rows.label('p3', 'yes')?.seq).toBe(3)
    expect(rows.between(0, 10).map(({ truth }) => truth)).toEqual([null, 'yes'])
  })

  it('above their limit keep every second row, the same ones that a rebuilt window keeps', () => {
    const grown = new RecentRows(1, 1_000)
    for (let seq = 1; seq <= 5_000; seq++) grown.add(row(seq))
    expect(grown.stride).toBe(8)
    expect(grown.size).toBeGreaterThan(5_000 / 8 - 60)
    expect(grown.size).toBeLessThan(5_000 / 8 + 60)
    const rebuilt = new RecentRows(8, 1_000)
    for (let seq = 1; seq <= 5_000; seq++) rebuilt.add(row(seq))
    expect(seqs(rebuilt.between(0, 1e9))).toEqual(seqs(grown.between(0, 1e9)))
    expect(grown.isSparse).toBe(false)
    grown.forgetBefore(3_500)
    expect(grown.isSparse).toBe(true)
  })

  it('thin out evenly: every stretch of the log keeps its share, and so does one of several endpoints', () => {
    const rows = new RecentRows(4, 100_000)
    for (let seq = 1; seq <= 40_000; seq++) rows.add(row(seq))
    for (let from = 0; from < 40_000; from += 4_000)
      expect(rows.between(from, from + 4_000).length / 1_000).toBeCloseTo(1, 1)
    const everyOther = new RecentRows(2, 100_000)
    for (let seq = 1; seq <= 20_000; seq += 2) everyOther.add(row(seq))
    expect(everyOther.size / 5_000).toBeCloseTo(1, 1)
  })
})
