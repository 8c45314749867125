import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withDuck } from '#data'
import { type PointInTimeJoin, pointInTimeJoin } from '../point-in-time.ts'
import { useLeft } from './ordered-rows.ts'
import { dropDrafts, forgetOrdered, openOrderedViews, sizeOfOrdered } from './ordered-views.ts'

let folder: string
let ordered: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-ordered-'))
  ordered = join(folder, 'ordered')
  await mkdir(ordered)
})
afterEach(() => rm(folder, { recursive: true }))

/** A frame of 500 customers and a view of 20,000 rows of 400 of them; keys as numbers or as text. */
async function makeTables(key: 'number' | 'text'): Promise<{ frame: string; view: string }> {
  const cell = key === 'number' ? '(hash(i) % 500)::DOUBLE' : `'c' || (hash(i) % 500)::VARCHAR`
  const moment = (salt: number) => `TIMESTAMP '2025-01-01' + INTERVAL (hash(i, ${salt}) % 100000) SECOND`
  const made = { frame: join(folder, `${key}-frame.parquet`), view: join(folder, `${key}-view.parquet`) }
  await withDuck({ folders: [folder] }, async (duck) => {
    await duck.run(`COPY (SELECT ${cell} AS k, ${moment(1)} AS t FROM range(500) r(i)) TO '${made.frame}'`)
    await duck.run(
      `COPY (SELECT ${cell.replace('hash(i) % 500', 'hash(i) % 400')} AS k, ${moment(2)} AS e, i::DOUBLE AS x,
         'n' || i AS w FROM range(20000) r(i)) TO '${made.view}'`,
    )
  })
  return made
}

async function joined(
  tables: { frame: string; view: string },
  more: Partial<PointInTimeJoin> & { contents?: string; texts?: boolean } = {},
): Promise<unknown[]> {
  const { contents = 'sha256:1', texts = false, ...join } = more
  const columns = [
    { name: 'x', type: 'number' as const, description: '' },
    ...(texts ? [{ name: 'w', type: 'text' as const, description: '' }] : []),
  ]
  const view = {
    ...{ name: 'v', from: ['t'], sql: null, entities: ['k'], time: 'e', created: null, ttl: 40_000_000, columns },
  }
  return withDuck({ folders: [folder] }, async (duck) =>
    duck.rows(
      await pointInTimeJoin(duck, {
        ...{ frame: { parquet: tables.frame, time: 't' }, fullNames: false },
        views: [{ view, tables: { t: tables.view }, contents: { t: contents } }],
        ordered: { folder: ordered, mostBytes: 1e9, fewestRows: 0 },
        ...join,
      }),
    ),
  )
}

describe('views that are kept in order', () => {
  it.each([
    ['number', false],
    ['text', false],
    ['number', true],
    ['text', true],
  ] as const)('give later joins what the first one gave: keys of %s, texts: %s', async (key, texts) => {
    const tables = await makeTables(key)
    const plain = await joined(tables, { texts, mostBytes: 0 })
    expect(plain.filter((row) => (row as { x: number | null }).x !== null).length).toBeGreaterThan(100)
    expect(await joined(tables, { texts })).toEqual(plain)
    expect(await readdir(ordered)).toHaveLength(1)
    // What would be read now is another table: the answer is that of the order.
    const other = { ...tables, view: join(folder, 'other.parquet') }
    await writeFile(other.view, await readFile(tables.view))
    expect(await joined(other, { texts })).toEqual(plain)
    expect(await joined(other, { texts, contents: 'sha256:2' })).toEqual(plain)
    expect(await readdir(ordered)).toHaveLength(2)
  })

  it.each([
    ['rows', 'cut', (path: string) => truncate(path, 1_000)],
    ['rows', 'changed', async (path: string) => writeFile(path, (await readFile(path)).fill(7, 2_000, 2_100))],
    ['rows', 'gone', (path: string) => rm(path)],
    ['ordered.json', 'cut', (path: string) => truncate(path, 50)],
    ['ordered.json', 'of another form', (path: string) => writeFile(path, '{"entities": 1}')],
    ['entities.parquet', 'cut', (path: string) => truncate(path, 100)],
    ['entities.parquet', 'changed', async (path: string) => writeFile(path, (await readFile(path)).fill(7, 40, 90))],
  ])('are made anew when %s is %s', async (file, _, damage) => {
    const tables = await makeTables('text')
    const plain = await joined(tables, { mostBytes: 0 })
    await joined(tables)
    const [entry] = await readdir(ordered)
    await damage(join(ordered, entry!, file))
    expect(await joined(tables)).toEqual(plain)
    expect(await readdir(ordered)).toEqual([entry])
    expect(await joined(tables)).toEqual(plain)
  })

  it.each(['rows', 'entities.parquet'])(
    'are made anew when %s vanishes while a join is about to read it',
    async (file) => {
      const tables = await makeTables('text')
      const plain = await joined(tables, { mostBytes: 0 })
      await joined(tables)
      const [entry] = await readdir(ordered)
      const opened = openOrderedViews({ folder: ordered, mostBytes: 1e9 })
      const found = await opened.find(entry!)
      await rm(join(ordered, entry!, file))
      if (file === 'rows') expect(() => [...found!.parts(() => true)]).toThrow(/ENOENT/)
      let used = 0
      await withDuck({ folders: [folder] }, (duck) =>
        useLeft({ ...opened, find: async () => found }, entry!, async ({ table }, partsOf) => {
          used++
          await duck.row(`SELECT count(*) AS n FROM ${table}`)
          for (const _ of partsOf(() => true)) used++
        }),
      ).then((whole) => expect(whole).toBe(false))
      expect(used).toBe(1)
      expect(await joined(tables)).toEqual(plain)
    },
  )

  it('make room for what is used now, and are left out where there is no room at all', async () => {
    const tables = await makeTables('number')
    await joined(tables, { contents: 'a' })
    const [a] = await readdir(ordered)
    const { bytes } = await sizeOfOrdered(ordered)
    await joined(tables, { contents: 'b' })
    for (const file of await readdir(join(ordered, a!))) await utimes(join(ordered, a!, file), 1, 1)
    const most = { folder: ordered, mostBytes: bytes * 2.5, fewestRows: 0 }
    await joined(tables, { contents: 'c', ordered: most })
    expect(await readdir(ordered)).not.toContain(a)
    expect(await sizeOfOrdered(ordered)).toMatchObject({ views: 2 })
    const before = await readdir(ordered)
    await joined(tables, { contents: 'd', ordered: { ...most, mostBytes: 1_000 } })
    expect(await readdir(ordered)).toEqual(before)
  })

  it('are not kept of few rows, nor of tables that are not known by their content', async () => {
    const tables = await makeTables('number')
    await joined(tables, { ordered: { folder: ordered, mostBytes: 1e9 } })
    expect(await readdir(ordered)).toEqual([])
  })

  it('are forgotten when asked, and what a crash left half-made is removed', async () => {
    const tables = await makeTables('number')
    await joined(tables)
    await mkdir(join(ordered, '.draft-1'))
    await writeFile(join(ordered, '.draft-1', 'rows'), 'half')
    await forgetOrdered(ordered)
    expect(await readdir(ordered)).toEqual(['.draft-1'])
    await dropDrafts(ordered)
    expect(await readdir(ordered)).toEqual([])
  })

  it('cost no join its answer when they cannot be written', async () => {
    const tables = await makeTables('number')
    const plain = await joined(tables, { mostBytes: 0 })
    const file = join(folder, 'no-folder')
    await writeFile(file, '')
    expect(await joined(tables, { ordered: { folder: file, mostBytes: 1e9, fewestRows: 0 } })).toEqual(plain)
  })
})
