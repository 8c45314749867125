import { type Duck, makeFolder, withDuck } from './duckdb.ts'
import { RowMalformed } from './errors.ts'
import { withPlainLineEnds } from './read/line-ends.ts'
import { foldersOf, openTable, verifySource } from './read/open-table.ts'
import type { RawTable } from './read/raw-table.ts'
import { makeReadable, type ReadableSource } from './read/readable.ts'
import { resolveSource } from './source.ts'
import { isCode, isNumber, name } from './sql.ts'
import { duckOptionsFor } from './store-table.ts'

export interface Cells {
  columns: string[]
  /** Row by row in the order of the file: a number in columns of numbers, else the text as it stands, `null` if empty. */
  rows: Record<string, string | number | null>[]
}

/**
 * A whole table in memory, cell by cell as its file has them: for those who replay a table rather than train on it.
 *
 * @param options.downloads where a file from the web, and a copy with mended line ends, are kept
 * @throws as `ingestTable` does for a source that cannot be had or read
 */
export async function readCells(options: {
  source: string
  sha256?: string | undefined
  folder: string
  downloads: string
}): Promise<Cells> {
  const found = await resolveSource(options)
  await verifySource(found)
  const source = await makeReadable(found, { target: options.downloads })
  return cellsOf(source).catch(async (error) => {
    const mended =
      error instanceof RowMalformed &&
      source.format === 'csv' &&
      (await withPlainLineEnds(source.files, await makeFolder(options.downloads)))
    if (!mended) throw error
    return cellsOf({ ...source, files: mended })
  })
}

async function cellsOf(source: ReadableSource): Promise<Cells> {
  const table = await openTable(source, [])
  const bytes = source.files.reduce((sum, file) => sum + file.bytes, 0)
  const options = { folders: foldersOf(source), ...duckOptionsFor(table.columns.length, bytes) }
  return withDuck(options, async (duck) => {
    try {
      const columns = table.columns.map((column) => column.name)
      return { columns, rows: await duck.rows(await selection(duck, table)) }
    } catch (error) {
      throw table.explain(error)
    }
  })
}

async function selection(duck: Duck, table: RawTable): Promise<string> {
  const tests = table.columns.map(({ holds }, i) => {
    const value = `c${i}`
    return holds === 'text'
      ? `coalesce(bool_and(${value} = '' OR (${isNumber(value)} AND NOT ${isCode(value)})), false) AS n${i}`
      : `${holds === 'number'} AS n${i}`
  })
  const isNumeric = await duck.row<Record<string, boolean>>(`SELECT ${tests.join(', ')} FROM ${table.from}`)
  const columns = table.columns.map((column, i) => {
    const cell = isNumeric[`n${i}`] ? `TRY_CAST(c${i} AS DOUBLE)` : `nullif(CAST(c${i} AS VARCHAR), '')`
    return `${cell} AS ${name(column.name)}`
  })
  return `SELECT ${columns.join(', ')} FROM ${table.from}`
}
