import { beforeAll, describe, expect, it } from 'vitest'
import { readFrame } from './frame.ts'
import type { IngestedTable } from './ingest.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()
const ROWS = 130_000
let table: IngestedTable

/** More than one row group, with every kind of column and missing values in each. */
beforeAll(async () => {
  const rows = Array.from({ length: ROWS }, (_, i) =>
    [
      i % 11 === 0 ? '' : i / 4,
      i % 7 === 0 ? '' : `c${(i * 31) % 5}`,
      `2025-01-${String((i % 28) + 1).padStart(2, '0')}`,
      i % 24,
      ['low', 'mid', 'high'][i % 3],
    ].join(),
  )
  table = await folder.ingestText(`n,c,day,hr,y\n${rows.join('\n')}\n`, { label: 'y', time: ['day', 'hr'] })
})

describe('readFrame', () => {
  it('gives numbers, codes, target and time of every row in order', async () => {
    const { frame, target, time } = await readFrame(table.parquetPath, {
      columns: ['n', 'c', 'day'],
      label: table.profile.label,
      time: ['day', 'hr'],
    })
    expect(frame.rows).toBe(ROWS)
    const [n, c, day] = frame.columns
    if (n?.kind !== 'numeric' || c?.kind !== 'categorical' || day?.kind !== 'numeric') throw new Error('kinds')
    expect(c.categories).toEqual(['c0', 'c1', 'c2', 'c3', 'c4'])
    const classes = ['high', 'low', 'mid']
    expect(table.profile.label?.classes).toEqual(classes)
    let wrong = 0
    for (let i = 0; i < ROWS; i++) {
      const midnight = Date.UTC(2025, 0, (i % 28) + 1)
      const right =
        Object.is(n.values[i], i % 11 === 0 ? Number.NaN : i / 4) &&
        c.codes[i] === (i % 7 === 0 ? -1 : (i * 31) % 5) &&
        day.values[i] === midnight &&
        time![i] === midnight + (i % 24) * 3_600_000 &&
        classes[target![i]!] === ['low', 'mid', 'high'][i % 3]
      if (!right) wrong++
    }
    expect(wrong).toBe(0)
  })

  it('gives a range, each so-manieth row, or listed rows, with the same codes', async () => {
    const read = async (rows: Parameters<typeof readFrame>[1]['rows']) => {
      const slice = await readFrame(table.parquetPath, { columns: ['n', 'c'], label: table.profile.label, rows })
      const [n, c] = slice.frame.columns
      if (n?.kind !== 'numeric' || c?.kind !== 'categorical') throw new Error('kinds')
      return Array.from({ length: slice.frame.rows }, (_, i) => [
        n.values[i]! * 4,
        c.categories[c.codes[i]!],
        slice.target![i],
      ])
    }
    const row = (i: number) => [
      i % 11 === 0 ? Number.NaN : i,
      i % 7 === 0 ? undefined : `c${(i * 31) % 5}`,
      [1, 2, 0][i % 3],
    ]
    expect(await read({ from: 122_878, to: 122_884 })).toEqual(
      [122_878, 122_879, 122_880, 122_881, 122_882, 122_883].map(row),
    )
    expect(await read({ from: ROWS - 1, to: ROWS + 50 })).toEqual([row(ROWS - 1)])
    expect(await read({ from: 9, to: 3 })).toEqual([])
    expect(await read({ every: 50_000 })).toEqual([0, 50_000, 100_000].map(row))
    expect(await read(Int32Array.of(129_999, 3, 3))).toEqual([129_999, 3, 3].map(row))
  })

  it('knows a label that is a number by its classes', async () => {
    const { parquetPath, profile } = await folder.ingestText('x,y\n1,0\n2,1\n3,0\n4,\n', {
      label: 'y',
      label_arrives_after: 1,
    })
    const { target } = await readFrame(parquetPath, { columns: [], label: profile.label })
    expect(target).toEqual(Float64Array.of(0, 1, 0, Number.NaN))
    const flipped = await readFrame(parquetPath, {
      columns: [],
      label: { column: 'y', task: 'binary', classes: ['1', '0'] },
    })
    expect(flipped.target).toEqual(Float64Array.of(1, 0, 1, Number.NaN))
  })

  it('adds a time of day to a date, and takes numbers for milliseconds', async () => {
    const { parquetPath } = await folder.ingestText('d,t,ms\n2025-01-01,09:30,1000\n2025-01-02,23:59:30,2000.5\n')
    const { time } = await readFrame(parquetPath, { columns: [], time: ['d', 't'] })
    expect(time).toEqual(Float64Array.of(Date.UTC(2025, 0, 1, 9, 30), Date.UTC(2025, 0, 2, 23, 59, 30)))
    expect((await readFrame(parquetPath, { columns: [], time: ['ms'] })).time).toEqual(Float64Array.of(1000, 2000.5))
  })

  it('says which columns are not there', async () => {
    await expect(readFrame(table.parquetPath, { columns: ['n', 'nope'] })).rejects.toMatchObject({
      code: 'ORRERY_DATA_COLUMNS_MISSING',
      message: 'The table lacks "nope", which it is read for.',
    })
  })

  it('copes with a column that holds nothing, and with 20,000 categories', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `,k${i % 20_000}`)
    const { parquetPath } = await folder.ingestText(`empty,many\n${rows.join('\n')}\n`)
    const { frame } = await readFrame(parquetPath, { columns: ['empty', 'many'] })
    const [empty, many] = frame.columns
    expect(empty?.kind === 'categorical' && empty.codes.every((code) => code === -1)).toBe(true)
    expect(many?.kind === 'categorical' && many.categories.length).toBe(20_000)
    expect(many?.kind === 'categorical' && many.categories[many.codes[12_345]!]).toBe('k12345')
  })
})
