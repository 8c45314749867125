import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Column as FrameColumn, Frame } from '#platform/table'
import { type Preparation, programOf, programSql } from '#preparation'
import { type Duck, makeFolder, withDuck } from '../duckdb.ts'
import { PreparedColumnsAlike } from '../errors.ts'
import { storedTypes } from '../event-time.ts'
import { readFrameWith, rowCount } from '../frame.ts'
import { MEMORY_MB } from '../limits.ts'
import { name, parquet } from '../sql.ts'
import { duckOptionsFor } from '../store-table.ts'
import { writeParquet } from '../write-parquet.ts'

/**
 * Writes a whole table for somebody else to read: its columns that are no features, then what the preparation leaves, under the
 * names it has.
 *
 * @throws PreparedColumnsAlike
 */
export async function writePrepared(
  parquetPath: string,
  preparation: Preparation,
  { features, target }: { features: readonly string[]; target: string },
): Promise<void> {
  const folder = await makeFolder(dirname(target))
  const { columns } = preparation.program
  const made = new Map<string, string>()
  for (const { name: column } of columns) {
    const before = made.get(column.toLowerCase())
    if (before !== undefined) throw new PreparedColumnsAlike(before, column)
    made.set(column.toLowerCase(), column)
  }
  await withDuck(writingOptions(parquetPath, folder, columns.length), async (duck) => {
    const table = parquet(parquetPath)
    const keep = [...(await storedTypes(duck, table)).keys()].filter(
      (column) => !features.includes(column) && !made.has(column.toLowerCase()),
    )
    const cells = [...keep.map(name), ...columns.map((column, i) => `p${i} AS ${name(column.name)}`)]
    const prepared = programSql(preparation.program, table, keep)
    await writeParquet(duck, `SELECT ${cells.join(', ')} FROM (${prepared})`, target, cells.length)
  })
}

/** What is written in one piece takes memory for each of its columns. */
const writingOptions = (parquetPath: string, folder: string, columns: number) => ({
  ...{ folders: [dirname(parquetPath), folder], spillTo: folder },
  ...duckOptionsFor(columns, 0),
  memoryMb: Math.max(MEMORY_MB, columns),
})

/**
 * Writes the prepared columns of a whole table, in the order of its rows, as `p0`, `p1`, … (see `programSql`).
 */
export async function writePlaced(parquetPath: string, { program }: Preparation, target: string): Promise<void> {
  const width = program.columns.length
  await withDuck(writingOptions(parquetPath, dirname(target), width), (duck) =>
    writeParquet(duck, programSql(program, parquet(parquetPath)), target, width),
  )
}

/** Columns that are computed at once: DuckDB holds 256 KiB for each while it writes them, and planning grows with their square. */
const COLUMNS = 400

/**
 * A whole table as its preparation leaves it, in the order of its rows.
 *
 * @param folder for files under way
 */
export async function prepareTable(parquetPath: string, { program }: Preparation, folder: string): Promise<Frame> {
  const target = await makeFolder(folder)
  const { columns } = program
  const options = { folders: [dirname(parquetPath), target], spillTo: target, ...duckOptionsFor(columns.length, 0) }
  return withDuck(options, async (duck) => {
    const rows = await rowCount(duck, parquetPath)
    const prepared = new Map<string, FrameColumn>()
    for (const kind of ['number', 'text'] as const) {
      const all = columns.filter((column) => column.kind === kind)
      for (let from = 0; from < all.length; from += COLUMNS) {
        const some = all.slice(from, from + COLUMNS)
        const query = programSql(programOf(program.nodes, some), parquet(parquetPath))
        const read =
          kind === 'number'
            ? await numbersOf(duck, query, some, rows)
            : await textsOf(duck, query, some, join(target, 'prepared.parquet'))
        for (const column of read) prepared.set(column.name, column)
      }
    }
    return { rows, columns: columns.map(({ name: column }) => prepared.get(column)!) }
  })
}

type Named = readonly { readonly name: string }[]

async function numbersOf(duck: Duck, query: string, columns: Named, rows: number): Promise<FrameColumn[]> {
  const read = columns.map((column) => ({
    ...{ name: column.name, kind: 'numeric' as const, values: new Float64Array(rows) },
  }))
  const cells = read.map((_, i) => `coalesce(p${i}, 'NaN'::DOUBLE)`)
  let row = 0
  for await (const chunk of duck.chunks(`SELECT ${cells.join(', ')} FROM (${query})`)) {
    read.forEach(({ values }, i) => {
      values.set((chunk.getColumnVector(i) as unknown as { items: Float64Array }).items, row)
    })
    row += chunk.rowCount
  }
  return read
}

/** Texts are read from a file: their values are collected before they become codes. */
async function textsOf(duck: Duck, query: string, columns: Named, path: string): Promise<FrameColumn[]> {
  try {
    await writeParquet(duck, query, path, columns.length)
    const { frame } = await readFrameWith(duck, path, { columns: columns.map((_, i) => `p${i}`) })
    return frame.columns.map((column, i) => ({ ...column, name: columns[i]!.name }))
  } finally {
    await rm(path, { force: true })
  }
}
