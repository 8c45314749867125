import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { appendRows, type RowRecord } from './append.ts'
import { withDuck } from './duckdb.ts'
import { readFrame } from './frame.ts'
import { splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()
const spec = { label: 'y', time: ['at'], id: 'id', ignore: ['note'], split: splitBy('time') }
const hour = (i: number) => new Date(Date.UTC(2025, 0, 1, i)).toISOString()
const csv = (from: number, to: number) =>
  `id,at,x,c,note,y\n${Array.from({ length: to - from }, (_, k) => from + k)
    .map((i) => `r${i},${hour(i)},${i / 2},k${i % 3},${i % 2 ? 'odd' : ''},${i % 4 === 0 ? 1 : 0}`)
    .join('\n')}\n`
const record = (i: number): RowRecord => ({
  id: `r${i}`,
  at: hour(i),
  x: i / 2,
  c: `k${i % 3}`,
  note: i % 2 ? 'odd' : null,
  y: i % 4 === 0 ? 1 : 0,
})
const records = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => record(from + k))

const base = () => folder.ingestText(csv(0, 60), spec)
const append = async (rows: Parameters<typeof appendRows>[0]['rows']) =>
  appendRows({ base: await base(), rows, from: 'the prediction log', spec, target: folder.target() })

describe('appended rows', () => {
  it('make the table that the same rows in one file would have made', async () => {
    const whole = await folder.ingestText(csv(0, 80), spec)
    const target = folder.target()
    const appended = await appendRows({
      base: await base(),
      rows: records(60, 80),
      from: 'the prediction log',
      spec,
      target,
    })
    expect(appended.contentHash).toBe(whole.contentHash)
    expect(appended.split).toEqual(whole.split)
    expect(appended.schema).toEqual(whole.schema)
    expect(appended.source).toEqual({ kind: 'appended', source: 'the prediction log', rows: 20 })
    expect((await readdir(target)).sort()).toEqual(['added.jsonl', 'table.parquet'])
  })

  it('may come from a CSV, a Parquet file or one by one', async () => {
    const whole = await folder.ingestText(csv(0, 80), spec)
    const fromCsv = await append(await folder.write('more.csv', csv(60, 80)))
    const path = folder.path('more.parquet')
    await withDuck({ folders: [folder.path()] }, (duck) =>
      duck.run(`COPY (SELECT 'r' || i AS id, TIMESTAMP '2025-01-01' + INTERVAL 1 HOUR * i AS at, i / 2 AS x, 'k' || (i % 3) AS c,
        CASE WHEN i % 2 = 1 THEN 'odd' END AS note, (i % 4 = 0)::INTEGER AS y FROM range(60, 80) t(i)) TO '${path}' (FORMAT parquet)`),
    )
    const fromParquet = await append(path)
    async function* oneByOne() {
      yield* records(60, 80)
    }
    const streamed = await append(oneByOne())
    expect(fromCsv.contentHash).toBe(whole.contentHash)
    expect(fromParquet.contentHash).toBe(whole.contentHash)
    expect(streamed.contentHash).toBe(whole.contentHash)
  })

  it('keep their order behind a base of several row groups', async () => {
    const rows = Array.from({ length: 300_000 }, (_, i) => `${i}.5`)
    const large = await folder.ingestText(`x\n${rows.join('\n')}\n`)
    const more = Array.from({ length: 200_000 }, (_, i) => ({ x: 300_000.5 + i }))
    const { parquetPath } = await appendRows({
      base: large,
      rows: more,
      from: 'a test',
      spec: {},
      target: folder.target(),
    })
    const { frame } = await readFrame(parquetPath, { columns: ['x'] })
    const x = frame.columns[0]!
    expect(x.kind === 'numeric' && x.values.length === 500_000 && x.values.every((value, i) => value === i + 0.5)).toBe(
      true,
    )
  })

  it('may lack identifiers and ignored columns, and bring others that are left out', async () => {
    const { rows, schema, profile } = await append(
      records(60, 64).map(({ id, note, ...rest }) => ({ ...rest, score: 0.3 })),
    )
    expect(rows).toBe(64)
    expect(schema.columns.map((column) => column.name)).toEqual(['id', 'at', 'x', 'c', 'note', 'y'])
    expect(profile.columns[0]).toMatchObject({ name: 'id', type: 'identifier', missing: 4 })
  })

  it('may have missing values and new categories', async () => {
    const { parquetPath } = await append([
      { ...record(60), x: null, c: undefined },
      { ...record(61), c: 'new' },
    ])
    const { frame } = await readFrame(parquetPath, { columns: ['x', 'c'], rows: { from: 59, to: 62 } })
    expect(frame.columns).toMatchObject([
      { values: Float64Array.of(29.5, Number.NaN, 30.5) },
      { categories: ['k0', 'k1', 'k2', 'new'], codes: Int32Array.of(2, -1, 3) },
    ])
  })

  it('are refused when they lack a feature, the label or the time, or do not fit', async () => {
    await expect(append(records(60, 64).map(({ x, ...rest }) => rest))).rejects.toMatchObject({
      code: 'ORRERY_DATA_COLUMNS_MISSING',
      message: 'The table lacks "x", which the version has that the rows are added to.',
    })
    await expect(append([record(60), { ...record(61), x: 'much' }])).rejects.toMatchObject({
      code: 'ORRERY_DATA_SCHEMA_SKEW',
      message: expect.stringContaining('(row 2 of the prediction log: "much")'),
    })
    await expect(append([record(60), { ...record(61), y: null }])).rejects.toMatchObject({
      code: 'ORRERY_DATA_LABEL_VALUES_MISSING',
      message: expect.stringContaining('row 2 of the prediction log'),
    })
    await expect(append([])).rejects.toMatchObject({
      code: 'ORRERY_DATA_TABLE_EMPTY',
      message: 'the prediction log brought no rows.',
    })
  })

  it('can be appended to again', async () => {
    const once = await append(records(60, 70))
    const twice = await appendRows({ base: once, rows: records(70, 80), from: 'x', spec, target: folder.target() })
    expect(twice.contentHash).toBe((await folder.ingestText(csv(0, 80), spec)).contentHash)
  })
})
