/** The child process that joins features to a frame of entities. */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type IngestedTable, ingestTable, makeFolder, withDuck } from '#data'
import { serveAsChild } from '#platform/process'
import { pointInTimeJoin } from '../point-in-time.ts'
import type { ViewInput } from '../relation.ts'
import { name, text } from '../sql.ts'

export type Cell = number | string | boolean | null

export interface JoinInput {
  readonly views: readonly ViewInput[]
  readonly time: string
  readonly fullNames: boolean
  /** Where files are left. */
  readonly folder: string
  /** A frame on disk, whose result becomes a table; or one in hand, whose rows are given back. */
  readonly frame: { readonly parquet: string } | { readonly rows: readonly Readonly<Record<string, Cell>>[] }
  readonly memoryMb?: number
}

export interface JoinedRows {
  columns: string[]
  rows: Cell[][]
}

export type JoinOutput = { table: IngestedTable } | { joined: JoinedRows }

serveAsChild<JoinInput>(async (input, progress): Promise<JoinOutput> => {
  const { views, time, fullNames, frame } = input
  const folder = await makeFolder(input.folder)
  const files = views.flatMap(({ tables }) => Object.values(tables))
  const inHand = 'rows' in frame
  const parquet = inHand ? join(folder, 'frame.parquet') : frame.parquet
  const folders = [...new Set([folder, ...[...files, parquet].map((file) => dirname(file))])]
  const joined = join(folder, 'joined.parquet')
  progress('joining features')
  const rows = await withDuck({ folders, spillTo: folder, memoryMb: input.memoryMb ?? MEMORY_MB }, async (duck) => {
    if (inHand) await duck.run(await frameInHand(frame.rows, folder, parquet))
    const query = await pointInTimeJoin(duck, { frame: { parquet, time }, views, fullNames })
    if (inHand) return duck.rows<Record<string, unknown>>(query)
    await duck.run(`COPY (${query}) TO ${text(joined)} (FORMAT parquet)`)
    return null
  })
  if (rows) {
    const columns = Object.keys(rows[0] ?? {})
    return { joined: { columns, rows: rows.map((row) => columns.map((column) => cellOf(row[column]))) } }
  }
  return { table: await ingestTable({ spec: { source: joined }, folder, target: folder, progress }) }
})

/** Sorting a million rows of a frame beside five million of a view; what does not fit goes to disk. */
const MEMORY_MB = 1_536

/** The statement that stores rows as a table: a column of numbers where all are, else of text. */
async function frameInHand(rows: readonly Readonly<Record<string, Cell>>[], folder: string, parquet: string) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const file = join(folder, 'frame.jsonl')
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'))
  const types = columns.map((column) => {
    const numbers = rows.every(
      (row) => row[column] === undefined || row[column] === null || typeof row[column] === 'number',
    )
    return `${name(column)}: '${numbers ? 'DOUBLE' : 'VARCHAR'}'`
  })
  return `COPY (SELECT * FROM read_json(${text(file)}, format = 'newline_delimited', columns = {${types.join(', ')}})) TO ${text(parquet)}`
}

function cellOf(value: unknown): Cell {
  if (value instanceof Date) return value.toISOString()
  return (value ?? null) as Cell
}
