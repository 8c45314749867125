import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { DatasetSpec } from '../contract.ts'
import { testFolder } from '../tables.fixture.ts'

const folder = testFolder()
const code = (part: string) => ({ code: `ORRERY_DATA_${part}`, hint: expect.stringMatching(/\w+ .*[.]$/) })

function shop(): string {
  const path = folder.path('shop.db')
  const database = new DatabaseSync(path)
  database.exec(`
    DROP TABLE IF EXISTS "the orders"; DROP TABLE IF EXISTS none; DROP TABLE IF EXISTS pictures; DROP TABLE IF EXISTS wide;
    CREATE TABLE "the orders" (id INTEGER, amount REAL, code TEXT, at TEXT, large INTEGER);
    CREATE TABLE none (a INTEGER); CREATE TABLE pictures (id INTEGER, bytes BLOB);
    INSERT INTO pictures VALUES (1, x'00ff');`)
  const insert = database.prepare('INSERT INTO "the orders" VALUES (?, ?, ?, ?, ?)')
  for (let i = 0; i < 50; i++)
    insert.run(i, i / 3, `0000${i}`, `2024-01-${String((i % 28) + 1).padStart(2, '0')}`, 9007199254740993n + BigInt(i))
  database.close()
  return path
}

describe('an SQLite file', () => {
  const read = (spec: Partial<DatasetSpec>) => folder.ingest({ source: 'shop.db', ...spec })

  it('is read by table and by query, typed by what its cells hold', async () => {
    shop()
    const { rows, schema, source } = await read({ table: 'the orders', time: ['at'] })
    expect(rows).toBe(50)
    expect(schema.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id identifier',
      'amount numeric',
      'code identifier',
      'at timestamp',
      'large identifier',
    ])
    expect(source).toMatchObject({ kind: 'taken', place: 'sqlite', what: 'SELECT * FROM "the orders"' })
    const half = await read({ query: 'SELECT id, amount * 2 AS twice FROM "the orders" WHERE id < 10 ORDER BY id; ' })
    expect([half.rows, half.profile.columns[1]!.numbers!.max]).toEqual([10, 6])
    expect((await read({ table: 'pictures', ignore: ['bytes'] })).rows).toBe(1)
  })

  it.each<[string, Partial<DatasetSpec>, string]>([
    ['no such table', { table: 'customers' }, 'QUERY_FAILED'],
    ['a syntax error', { query: 'SELEC 1' }, 'QUERY_FAILED'],
    ['two statements', { query: 'SELECT 1 AS a; DROP TABLE none' }, 'QUERY_FAILED'],
    ['a write', { query: 'DELETE FROM none' }, 'QUERY_FAILED'],
    ['another file', { query: "ATTACH 'other.db' AS o" }, 'QUERY_FAILED'],
    ['a setting', { query: 'SELECT * FROM pragma_database_list' }, 'QUERY_FAILED'],
    ['an empty table', { table: 'none' }, 'TABLE_EMPTY'],
    ['bytes', { table: 'pictures' }, 'COLUMN_UNSUPPORTED'],
    ['one name twice', { query: 'SELECT 1 AS a, 2 AS A' }, 'COLUMNS_DUPLICATE'],
    ['a file that is not there', { source: 'gone.db', table: 't' }, 'SOURCE_UNREADABLE'],
    ['a file that is no database', { source: 'text.db', table: 't' }, 'QUERY_FAILED'],
    ['neither table nor query', {}, 'FORMAT_UNKNOWN'],
  ])('%s', async (_, spec, part) => {
    shop()
    await folder.write('text.db', 'this is no database, but long enough to be taken for one'.repeat(30))
    await expect(read(spec)).rejects.toMatchObject(code(part))
  })
})
