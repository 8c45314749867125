import { describe, expect, it } from 'vitest'
import { electricityWorld, type World, type WorldRow } from '#worlds'
import { scoreReplay } from './scores.ts'

/** 1,000 half hours whose label alternates. */
const rows = Array.from(
  { length: 1_000 },
  (_, i): WorldRow => ({
    timestamp: new Date(Date.UTC(1996, 4, 7) + i * 1_800_000).toISOString(),
    class: i % 2,
  }),
)
const elec2 = electricityWorld(rows)
const right = Float64Array.from(rows, (row) => Number(row.class))
const wrong = right.map((value) => 1 - value)
const half = Float64Array.from(rows, () => 0.5)

describe('scores of a replay', () => {
  it('of Elec2 are by tenths of the table, two to ten, and their mean', () => {
    const scores = scoreReplay(elec2, right, half)
    expect(scores.byPart.map((part) => part.part)).toEqual(Array.from({ length: 9 }, (_, i) => `tenth ${i + 2}`))
    expect(scores.byPart.map((part) => part.rows)).toEqual(new Array(9).fill(100))
    expect(scores).toMatchObject({ metric: 'roc_auc', loop: 1, static: 0.5 })
    const mixed = right.map((value, row) => (row < 200 ? 1 - value : value))
    expect(scoreReplay(elec2, mixed, wrong)).toMatchObject({ loop: expect.closeTo(8 / 9), static: 0 })
  })

  it('do not count the first tenth when the history is shorter', () => {
    const scores = scoreReplay({ ...elec2, history: 60 }, right, half)
    expect(scores.byPart[0]).toMatchObject({ part: 'tenth 2', rows: 100 })
  })

  it('of other worlds are by months, and over all rows', () => {
    const world: World = { ...elec2, name: 'other' }
    const scores = scoreReplay(world, right, wrong)
    expect(scores.byPart.map((part) => part.part)).toEqual(['1996-05'])
    expect(scores).toMatchObject({ loop: 1, static: 0 })
  })

  it('leave out rows without an answer, for both alike', () => {
    const gaps = right.map((value, row) => (row === 150 ? Number.NaN : value))
    expect(scoreReplay(elec2, gaps, half).byPart[0]!.rows).toBe(99)
  })

  it('of a part with one class are not known, and keep the mean of the others', () => {
    const sparse: World = { ...elec2, rows: rows.map((row, i) => (i < 200 ? { ...row, class: 1 } : row)) }
    const { byPart, loop } = scoreReplay(sparse, right, half)
    expect(byPart[0]!.loop).toBeNull()
    expect(loop).toBe(1)
  })

  it('of a regression are mean absolute errors', () => {
    const world: World = { ...elec2, name: 'bikes', task: 'regression' }
    expect(
      scoreReplay(
        world,
        right.map((value) => value + 2),
        right,
      ),
    ).toMatchObject({ metric: 'mae', loop: 2, static: 0 })
  })
})
