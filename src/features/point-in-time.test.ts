import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Duck, makeFolder, withDuck } from '#data'
import { plainLookup, type PlainRow, seeded } from './plain-join.fixture.ts'
import { type PointInTimeJoin, pointInTimeJoin } from './point-in-time.ts'
import type { ViewInput } from './relation.ts'

const START = Date.parse('2025-01-01T00:00:00Z') * 1_000
const SECOND = 1_000_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-features-'))
})
afterAll(() => rm(folder, { recursive: true }))

let files = 0
/** A table as the data room stores one: numbers as doubles, times without a zone. */
async function stored(duck: Duck, rows: readonly object[], columns: Record<string, string>): Promise<string> {
  const base = join(folder, `t${files++}`)
  await writeFile(`${base}.jsonl`, rows.map((row) => JSON.stringify(row)).join('\n'))
  const types = Object.entries(columns).map(
    ([column, type]) => `${column}: '${type === 'TIMESTAMP' ? 'BIGINT' : type}'`,
  )
  const cells = Object.entries(columns).map(([column, type]) =>
    type === 'TIMESTAMP' ? `make_timestamp(${column}) AS ${column}` : column,
  )
  await duck.run(
    `COPY (SELECT ${cells.join(', ')} FROM read_json('${base}.jsonl', format = 'newline_delimited', columns = {${types.join(', ')}})) TO '${base}.parquet'`,
  )
  return `${base}.parquet`
}

const inDuck = <T>(work: (duck: Duck) => Promise<T>) => withDuck({ folders: [folder] }, work)

function view(more: Partial<ViewInput['view']> = {}): ViewInput['view'] {
  return {
    ...{ name: 'usage', from: ['t'], sql: null, entities: ['k'], time: 'e', created: 'c', ttl: null },
    columns: [{ name: 'x', type: 'number', description: '' }],
    ...more,
  }
}

async function joined(duck: Duck, join: Omit<PointInTimeJoin, 'fullNames'> & { fullNames?: boolean }) {
  return duck.rows<Record<string, unknown>>(await pointInTimeJoin(duck, { fullNames: false, ...join }))
}

describe('the point-in-time join', () => {
  // Few keys and few moments, so that ties, bounds and duplicates are the rule.
  const ways = ['in memory', 'by DuckDB', 'in an order that is kept'] as const
  const every = Array.from({ length: 120 }, (_, seed) => ways.map((way) => ({ seed, way }))).flat()
  it.each(every)('gives what a plain loop gives, case $seed $way', async ({ seed, way }) => {
    const random = seeded(seed)
    const maybe = <T>(share: number, value: T) => (random(100) < share ? null : value)
    const texts = seed % 3 === 1
    const keyKind = texts ? 'VARCHAR' : 'DOUBLE'
    const key = () => (texts ? `k${random(4)}` : random(4))
    const rows: PlainRow[] = Array.from({ length: random(60) }, (_, i) => ({
      key: maybe(8, key()),
      time: maybe(5, START + random(12) * SECOND + (seed % 7 === 0 ? random(3) : 0)),
      // Late rows: written long after what they tell of.
      created: seed % 2 === 0 ? START + i * SECOND : maybe(20, START + random(6) * SECOND),
      value: maybe(10, seed % 4 === 2 ? `v${i}` : i),
    }))
    const frame = Array.from({ length: random(40) + 1 }, (_, id) => ({
      id,
      k: maybe(8, key()),
      t: maybe(5, START + (random(16) - 2) * SECOND + random(2) * 1),
    }))
    const ttl = [null, 0, 1_000, 3_000][random(4)]!
    const withCreated = seed % 5 !== 0
    const type = seed % 4 === 2 ? ('text' as const) : ('number' as const)
    const ordered = { folder: join(folder, `ordered${seed}`), mostBytes: 1e9, fewestRows: 0 }
    if (way === 'in an order that is kept') await makeFolder(ordered.folder)
    const [got, again] = await inDuck(async (duck) => {
      const table = await stored(
        duck,
        rows.map((row) => ({ k: row.key, e: row.time, c: row.created, x: row.value })),
        { k: keyKind, e: 'TIMESTAMP', c: 'TIMESTAMP', x: type === 'text' ? 'VARCHAR' : 'DOUBLE' },
      )
      const parquet = await stored(duck, frame, { id: 'DOUBLE', k: keyKind, t: 'TIMESTAMP' })
      const one = view({ ttl, created: withCreated ? 'c' : null, columns: [{ name: 'x', type, description: '' }] })
      const views = [{ view: one, tables: { t: table }, contents: { t: 'sha256:1' } }]
      const asked = {
        ...{ frame: { parquet, time: 't' }, views },
        ...(way === 'by DuckDB' && { mostBytes: 0 }),
        ...(way === 'in an order that is kept' && { ordered }),
      }
      // The first join leaves the order, the second finds it.
      const first = await joined(duck, asked)
      if (way !== 'in an order that is kept') return [first, first]
      expect(await readdir(ordered.folder)).toHaveLength(1)
      return [first, await joined(duck, asked)]
    })
    const known = withCreated ? rows : rows.map((row) => ({ ...row, created: null }))
    const wanted = frame.map(({ id, k, t }) => ({ id, x: plainLookup(known, k, t, ttl === null ? null : ttl * 1_000) }))
    expect(got!.map(({ id, x }) => ({ id, x }))).toEqual(wanted)
    expect(again).toEqual(got)
  })

  it('joins several views by several keys, numbers with their text, and leaves the rows in order', async () => {
    const got = await inDuck(async (duck) => {
      const calls = await stored(
        duck,
        [
          { customer: '7', site: 'a', e: START, x: 1, plan: 'old' },
          { customer: '7', site: 'a', e: START + 5 * SECOND, x: 2, plan: 'new' },
          { customer: '8', site: 'a', e: START, x: 3, plan: 'old' },
        ],
        { customer: 'VARCHAR', site: 'VARCHAR', e: 'TIMESTAMP', x: 'DOUBLE', plan: 'VARCHAR' },
      )
      const bills = await stored(duck, [{ customer: 7, e: START + SECOND, y: 9 }], {
        ...{ customer: 'DOUBLE', e: 'TIMESTAMP', y: 'DOUBLE' },
      })
      const parquet = await stored(
        duck,
        [
          { customer: 8, site: 'a', t: START + 9 * SECOND },
          { customer: 7, site: 'a', t: START + 9 * SECOND },
          { customer: 7, site: 'a', t: START },
          { customer: 7, site: 'b', t: START + 9 * SECOND },
        ],
        { customer: 'DOUBLE', site: 'VARCHAR', t: 'TIMESTAMP' },
      )
      const columns = [
        { name: 'x', type: 'number' as const, description: '' },
        { name: 'plan', type: 'text' as const, description: '' },
      ]
      return joined(duck, {
        frame: { parquet, time: 't' },
        views: [
          { view: view({ entities: ['customer', 'site'], created: null, columns }), tables: { t: calls } },
          {
            view: view({
              ...{ name: 'bills', entities: ['customer'], created: null },
              columns: [{ name: 'y', type: 'number', description: '' }],
            }),
            tables: { t: bills },
          },
        ],
      })
    })
    expect(got.map(({ x, plan, y }) => [x, plan, y])).toEqual([
      [3, 'old', null],
      [2, 'new', 9],
      [1, 'old', null],
      [null, null, 9],
    ])
  })

  it('takes a query for a view, over several tables, with an answer of its own for ties', async () => {
    const sql =
      'WITH d AS (SELECT k, e, x * 2 AS x FROM t) SELECT d.k, d.e, d.x + o.y AS x FROM d JOIN "o-t" o USING (k)'
    const run = () =>
      inDuck(async (duck) => {
        const t = await stored(
          duck,
          Array.from({ length: 50 }, (_, x) => ({ k: 1, e: START, x })),
          { k: 'DOUBLE', e: 'TIMESTAMP', x: 'DOUBLE' },
        )
        const o = await stored(duck, [{ k: 1, y: 100 }], { k: 'DOUBLE', y: 'DOUBLE' })
        const parquet = await stored(duck, [{ k: 1, t: START }], { k: 'DOUBLE', t: 'TIMESTAMP' })
        const one = view({ from: ['t', 'o-t'], sql, created: null })
        return joined(duck, { frame: { parquet, time: 't' }, views: [{ view: one, tables: { t, 'o-t': o } }] })
      })
    const [first] = await run()
    expect(first!.x).toBeGreaterThanOrEqual(100)
    expect(await run()).toEqual([first])
  })

  it('names features in full when asked, and never lets two columns share a name', async () => {
    await inDuck(async (duck) => {
      const t = await stored(duck, [{ k: 1, e: START, x: 5 }], { k: 'DOUBLE', e: 'TIMESTAMP', x: 'DOUBLE' })
      const parquet = await stored(duck, [{ k: 1, t: START, X: 0 }], { k: 'DOUBLE', t: 'TIMESTAMP', X: 'DOUBLE' })
      const views = [{ view: view({ created: null }), tables: { t } }]
      await expect(joined(duck, { frame: { parquet, time: 't' }, views })).rejects.toMatchObject({
        code: 'ORRERY_FEATURES_NAME_TAKEN',
      })
      const [row] = await joined(duck, { frame: { parquet, time: 't' }, views, fullNames: true })
      expect(row).toMatchObject({ X: 0, usage__x: 5 })
    })
  })

  it('says which column of the frame is missing, and which time it cannot read', async () => {
    await inDuck(async (duck) => {
      const t = await stored(duck, [{ k: 1, e: START, x: 5 }], { k: 'DOUBLE', e: 'TIMESTAMP', x: 'DOUBLE' })
      const views = [{ view: view({ created: null }), tables: { t } }]
      const without = await stored(duck, [{ t: START }], { t: 'TIMESTAMP' })
      await expect(joined(duck, { frame: { parquet: without, time: 't' }, views })).rejects.toMatchObject({
        code: 'ORRERY_FEATURES_FRAME_COLUMN_MISSING',
        details: { column: 'k' },
      })
      const texts = await stored(
        duck,
        [
          { k: 1, t: '2025-01-01' },
          { k: 1, t: 'soon' },
        ],
        { k: 'DOUBLE', t: 'VARCHAR' },
      )
      await expect(joined(duck, { frame: { parquet: texts, time: 't' }, views })).rejects.toMatchObject({
        code: 'ORRERY_FEATURES_FRAME_TIME_UNREADABLE',
        details: { column: 't', row: 1 },
      })
    })
  })
})

describe('the query of a view', () => {
  it.each([
    ['SELECT * FROM t; SELECT 1', /more than one statement/],
    ['DROP TABLE t', /it is no SELECT/],
    ["COPY t TO '/tmp/x'", /it is no SELECT/],
    ["SELECT * FROM read_csv('/etc/passwd')", /read_csv/],
    ["SELECT * FROM '/etc/passwd'", /none of its data sets/],
    ["SELECT * FROM t WHERE x IN (SELECT 1 FROM read_text('/etc/passwd'))", /read_text/],
    ['SELECT * FROM duckdb_settings()', /duckdb_settings/],
    ['SELECT * FROM information_schema.tables', /none of its data sets/],
    ['SELECT *, now() AS n FROM t', /another value each time/],
    ['SELECT *, random() AS n FROM t', /another value each time/],
    ['SELECT *, current_date AS n FROM t', /another value each time/],
    ['SELECT FROM WHERE', /syntax error/],
  ])('is refused: %s', async (sql, why) => {
    await inDuck(async (duck) => {
      const t = await stored(duck, [{ k: 1, e: START, x: 5 }], { k: 'DOUBLE', e: 'TIMESTAMP', x: 'DOUBLE' })
      const parquet = await stored(duck, [{ k: 1, t: START }], { k: 'DOUBLE', t: 'TIMESTAMP' })
      const views = [{ view: view({ created: null, sql }), tables: { t } }]
      const failing = joined(duck, { frame: { parquet, time: 't' }, views })
      await expect(failing).rejects.toMatchObject({ code: 'ORRERY_FEATURES_QUERY_REFUSED' })
      await expect(failing).rejects.toThrow(why)
    })
  })
})
