import { expect, it } from 'vitest'
import { Expectation } from '#projects/contract'
import { withDuck } from '../duckdb.ts'
import { stopOnFailure } from '../expectations.ts'
import { parquet } from '../sql.ts'
import { testFolder } from '../tables.fixture.ts'

const folder = testFolder()
const TABLE = 'id,x,label\n1,0.1,a\n2,9,b\n3,0.3,a\n3,7,b\n5,0.5,b\n'
const ingest = (expect: object[], table = TABLE) =>
  folder.ingestText(table, { label: 'label', expect: expect.map((one) => Expectation.parse(one)) })
const rowsOf = (path: string) =>
  withDuck({ folders: [folder.path()] }, (duck) => duck.rows<Record<string, unknown>>(`SELECT * FROM ${parquet(path)}`))

it('takes rows out that break an expectation, and keeps them with every reason', async () => {
  const stored = await ingest([
    { column: 'x', between: [0, 1], otherwise: 'quarantine' },
    { column: 'id', unique: true, otherwise: 'quarantine' },
    { column: 'label', in: ['a', 'b'] },
  ])
  expect(stored.rows).toBe(3)
  expect(await rowsOf(stored.parquetPath)).toEqual([
    { id: 1, x: 0.1, label: 'a' },
    { id: 3, x: 0.3, label: 'a' },
    { id: 5, x: 0.5, label: 'b' },
  ])
  expect(stored.setAside!.rows).toBe(2)
  expect(await rowsOf(stored.setAside!.path)).toEqual([
    { id: 2, x: 9, label: 'b', _row: 2, _reasons: 'x is between 0 and 1' },
    { id: 3, x: 7, label: 'b', _row: 4, _reasons: expect.stringContaining('id is different in every row') },
  ])
  expect(stored.expectations.map(({ passed, failing, setAside }) => [passed, failing, setAside])).toEqual([
    [false, 2, true],
    [false, 1, true],
    [true, 0, undefined],
  ])
  expect(() => stopOnFailure(stored.expectations)).not.toThrow()
  // What is left is a table like any other: the same rows have the same hash wherever they come from.
  const clean = await folder.ingestText('id,x,label\n1,0.1,a\n3,0.3,a\n5,0.5,b\n', { label: 'label' })
  expect(stored.contentHash).toBe(clean.contentHash)
})

it('nothing is set aside where all rows hold', async () => {
  expect((await ingest([{ column: 'x', between: [0, 10], otherwise: 'quarantine' }])).setAside).toBeNull()
})

it('more rows than mostly allows stop, and stay', async () => {
  const rule = { column: 'x', between: [0, 1], otherwise: 'quarantine' }
  expect((await ingest([{ ...rule, mostly: '60%' }])).rows).toBe(3)
  const stored = await ingest([{ ...rule, mostly: '70%' }])
  expect([stored.rows, stored.setAside]).toEqual([5, null])
  expect(() => stopOnFailure(stored.expectations)).toThrow('x is between 0 and 1, but 2 of 5 rows break it')
})

it('a column that is not there stops', async () => {
  const stored = await ingest([{ column: 'gone', not_null: true, otherwise: 'quarantine' }])
  expect(() => stopOnFailure(stored.expectations)).toThrow('there is no such column')
})

it('a table of which nothing is left is refused', async () => {
  await expect(ingest([{ column: 'x', more_than: 100, otherwise: 'quarantine' }])).rejects.toMatchObject({
    code: 'ORRERY_DATA_NOTHING_LEFT',
  })
})

it('what cannot be told of single rows cannot set them aside', () => {
  expect(Expectation.safeParse({ column: 'x', mean: [0, 1], otherwise: 'quarantine' }).success).toBe(false)
  expect(Expectation.safeParse({ column: 'x', mean: [0, 1], mostly: '90%' }).success).toBe(false)
})

it('a fault is told by the place it has in the source', async () => {
  const table = 'x,label\n99,a\n1,a\n1,b\n1,\n'
  await expect(ingest([{ column: 'x', less_than: 9, otherwise: 'quarantine' }], table)).rejects.toThrow('line 5')
})
