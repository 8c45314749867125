import { rename } from 'node:fs/promises'
import type { Duck } from './duckdb.ts'
import { text } from './sql.ts'

/** Writes the rows of `query` as Parquet, in order. The file appears under its name only when it is whole. */
export async function writeParquet(duck: Duck, query: string, path: string, columns: number): Promise<void> {
  const aside = `${path}.incoming`
  // A group is what each thread holds of a table that is read. Half of DuckDB's own measure costs one per cent of the file.
  const group = Math.max(2_048, Math.min(61_440, Math.floor(8e6 / columns)))
  await duck.run(`COPY (${query}) TO ${text(aside)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${group})`)
  await rename(aside, path)
}
