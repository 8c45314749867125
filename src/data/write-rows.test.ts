import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readFrame } from './frame.ts'
import { ingestTable } from './ingest.ts'
import { writeRows } from './write-rows.ts'

let folder: string
let table: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-rows-'))
  const lines = Array.from({ length: 5_000 }, (_, i) => `${i},${i % 3 === 0 ? '' : `kind ${i % 7}`},${i / 2}`)
  await writeFile(join(folder, 'table.csv'), `n,kind,half\n${lines.join('\n')}\n`)
  const ingested = await ingestTable({ spec: { source: 'table.csv' }, folder, target: join(folder, 'stored') })
  table = ingested.parquetPath
})
afterAll(() => rm(folder, { recursive: true }))

it('writes the rows that are asked for, in that order, with all their columns', async () => {
  const target = join(folder, 'parts', 'some.parquet')
  const rows = Int32Array.from({ length: 3_000 }, (_, i) => (i * 11 + 4_321) % 5_000)
  await writeRows(table, rows, target)
  const wanted = await readFrame(table, { columns: ['n', 'kind', 'half'], rows })
  const { frame } = await readFrame(target, { columns: ['n', 'kind', 'half'] })
  expect(frame).toEqual(wanted.frame)
  expect(await readdir(join(folder, 'parts'))).toEqual(['some.parquet'])
})

it('writes a table without rows', async () => {
  const target = join(folder, 'parts', 'none.parquet')
  await writeRows(table, [], target)
  expect((await readFrame(target, { columns: ['n'] })).frame.rows).toBe(0)
})
