import { dirname, join } from 'node:path'
import type { Column, Frame } from '#platform/table'
import { type Preparation, programSql } from '#preparation'
import { makeFolder, withDuck } from '../duckdb.ts'
import { PreparedColumnsAlike } from '../errors.ts'
import { storedTypes } from '../event-time.ts'
import { readFrameWith } from '../frame.ts'
import { name, parquet } from '../sql.ts'
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
  await withDuck({ folders: [dirname(parquetPath), folder], spillTo: folder, threads: 1 }, async (duck) => {
    const table = parquet(parquetPath)
    const keep = [...(await storedTypes(duck, table)).keys()].filter(
      (column) => !features.includes(column) && !made.has(column.toLowerCase()),
    )
    const cells = [...keep.map(name), ...columns.map((column, i) => `p${i} AS ${name(column.name)}`)]
    const prepared = programSql(preparation.program, table, keep)
    await writeParquet(duck, `SELECT ${cells.join(', ')} FROM (${prepared})`, target, cells.length)
  })
}

/**
 * A whole table as its preparation leaves it, in the order of its rows.
 *
 * @param folder where the prepared table is written
 */
export async function prepareTable(
  parquetPath: string,
  preparation: Preparation,
  folder: string,
): Promise<{ frame: Frame; path: string }> {
  const target = await makeFolder(folder)
  const path = join(target, 'prepared.parquet')
  const { columns } = preparation.program
  const options = { folders: [dirname(parquetPath), target], spillTo: target, threads: 1 }
  return withDuck(options, async (duck) => {
    await writeParquet(duck, programSql(preparation.program, parquet(parquetPath)), path, columns.length)
    const { frame } = await readFrameWith(duck, path, { columns: columns.map((_, i) => `p${i}`) })
    return {
      path,
      frame: {
        rows: frame.rows,
        columns: frame.columns.map((column, i): Column => ({ ...column, name: columns[i]!.name })),
      },
    }
  })
}
