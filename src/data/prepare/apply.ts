import { dirname, join } from 'node:path'
import type { Column, Frame } from '#platform/table'
import { type Preparation, programSql } from '#preparation'
import { makeFolder, withDuck } from '../duckdb.ts'
import { readFrameWith } from '../frame.ts'
import { parquet } from '../sql.ts'
import { writeParquet } from '../write-parquet.ts'

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
