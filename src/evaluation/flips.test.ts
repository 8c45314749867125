import { describe, expect, it } from 'vitest'
import type { CategoricalColumn, Frame, NumericColumn } from '#platform/table'
import { columnNamed, takeRows } from '#platform/table'
import { Flip } from './contract.ts'
import { nearestFlips } from './flips.ts'
import { categorical, frameOf, numeric } from './frames.fixture.ts'

const background = frameOf(
  numeric('price', [0.01, 0.02, 0.05, 0.06, 0.08, 0.1]),
  numeric('load', [0.1, 0.4, 0.5, 0.6, 0.7, 0.9]),
  categorical('day', ['mon', 'sun', 'mon', null, 'sat', 'sat']),
)
const row = frameOf(numeric('price', [0.074]), numeric('load', [0.55]), categorical('day', ['tue']))
const values = (f: Frame, name: string) => (columnNamed(f, name) as NumericColumn).values
/** Up when the price is at least 0.061, unless the load is above 0.8 or it is Sunday. */
const predict = async (f: Frame) =>
  values(f, 'price').map((price, i) => {
    const day = columnNamed(f, 'day') as CategoricalColumn
    return price >= 0.061 && values(f, 'load')[i]! <= 0.8 && day.categories[day.codes[i]!] !== 'sun' ? 0.9 : 0.1
  })

describe('what would have turned a decision', () => {
  it('finds the nearest value of each feature, closely, nearest feature first', async () => {
    const flips = await nearestFlips({ predict, row, background })
    expect(flips.map((flip) => Flip.parse(JSON.parse(JSON.stringify(flip))))).toEqual(flips)
    expect(flips.map((flip) => [flip.feature, flip.side, flip.value])).toEqual([
      ['price', 'below', 0.074],
      ['load', 'above', 0.55],
      ['day', null, 'tue'],
    ])
    expect(flips[0]!.flipsAt).toBeCloseTo(0.061, 4)
    expect(flips[0]!.flipsAt).toBeLessThan(0.061)
    expect(flips[1]!.flipsAt).toBeCloseTo(0.8, 3)
    expect(flips[2]!.flipsAt).toBe('sun')
  })

  it('tells of values that really flip', async () => {
    for (const flip of await nearestFlips({ predict, row, background })) {
      const columns = row.columns.map((column) =>
        column.name !== flip.feature
          ? column
          : typeof flip.flipsAt === 'number'
            ? numeric(column.name, [flip.flipsAt])
            : categorical(column.name, [flip.flipsAt]),
      )
      expect((await predict({ rows: 1, columns }))[0], flip.feature).toBe(0.1)
    }
  })

  it('leaves out what cannot turn it, and copes with a missing value', async () => {
    const missing = frameOf(numeric('price', [Number.NaN]), numeric('load', [0.55]), categorical('day', [null]))
    const flips = await nearestFlips({ predict, row: missing, background })
    // Without a value of its own there is no nearer side: any plausible value that flips will do.
    expect(flips).toEqual([{ feature: 'price', value: null, flipsAt: expect.any(Number), side: null, distance: null }])
    expect(await nearestFlips({ predict: async (f) => new Float64Array(f.rows), row, background })).toEqual([])
  })

  it('refuses what it cannot explain', async () => {
    await expect(nearestFlips({ predict, row: background, background })).rejects.toThrow('one row')
    await expect(nearestFlips({ predict, row, background: takeRows(background, []) })).rejects.toThrow('no rows')
  })
})
