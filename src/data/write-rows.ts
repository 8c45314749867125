import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, withDuck } from './duckdb.ts'
import { numberedParquet, text } from './sql.ts'
import { writeParquet } from './write-parquet.ts'

/**
 * Writes some rows of a stored table, in the order given and with all their columns, as a Parquet file of their own.
 *
 * @param rows numbers of rows, from 0
 */
export async function writeRows(parquetPath: string, rows: ArrayLike<number>, target: string): Promise<void> {
  const folder = await makeFolder(dirname(target))
  const list = join(folder, `${target.slice(dirname(target).length + 1)}.rows`)
  // A file joined by number: a list in the statement would be parsed value by value.
  await writeFile(list, Array.from(rows, (row, place) => `${row},${place}\n`).join(''))
  try {
    await withDuck({ folders: [dirname(parquetPath), folder], threads: 1 }, async (duck) => {
      const listed = `read_csv(${text(list)}, auto_detect = false, delim = ',', header = false, columns = {'row': 'BIGINT', 'place': 'BIGINT'})`
      const query = `SELECT stored.* EXCLUDE (file_row_number) FROM ${numberedParquet(parquetPath)} AS stored
        JOIN ${listed} AS listed ON stored.file_row_number = listed.row ORDER BY listed.place`
      const { columns } = await duck.row<{ columns: number }>(
        `SELECT count(*) AS columns FROM (DESCRIBE SELECT * FROM read_parquet(${text(parquetPath)}))`,
      )
      await writeParquet(duck, query, target, columns)
    })
  } finally {
    await rm(list, { force: true })
  }
}
