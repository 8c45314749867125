import { createWriteStream } from 'node:fs'
import { mkdir, realpath, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { withDuck } from '../duckdb.ts'
import { ColumnsDuplicate, DiskFull, SourceTooLarge, TableEmpty, TooManyColumns } from '../errors.ts'
import { MAX_COLUMNS, SNAPSHOT } from '../limits.ts'
import type { SourceFile } from '../sources/resolved.ts'
import { name as quoted, text } from '../sql.ts'
import { writeParquet } from '../write-parquet.ts'
import { columnNames } from './dialect.ts'
import { repeatedNames } from './raw-table.ts'

/**
 * A column as its source types it; cells come as text in any case. `truth`: `t` and `f`. Times come as text, to be typed
 * like a CSV's: an "infinity" among them is then a mistake with a place, not a failure. What is to be left out stands in
 * every row all the same.
 */
export interface SnapshotColumn {
  name: string
  holds: 'text' | 'number' | 'truth' | 'nothing'
}

/** Cells written at once: a piece of text that is worth a call of the operating system. */
const PIECE = 256 * 1024
/** Longer than DuckDB's own 2 MB: documents in a database are. */
const LONGEST_LINE = 16_000_000

/**
 * Keeps rows that come from elsewhere than a file of tables (a sheet, a database) as Parquet. They pass through a CSV
 * beside it that is gone afterwards, so that memory grows with neither rows nor columns.
 *
 * @param options.file what the rows came from, as people know it
 * @throws ColumnsDuplicate, TooManyColumns, TableEmpty, SourceTooLarge, DiskFull
 */
export async function writeSnapshot(options: {
  columns: readonly SnapshotColumn[]
  rows: AsyncIterable<readonly (string | null)[]>
  path: string
  file: Pick<SourceFile, 'name'> & Partial<SourceFile>
}): Promise<SourceFile> {
  const { path, columns } = options
  const csv = `${path}.csv`
  refuseNames(options.file.name, columns)
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeCells(csv, Readable.from(lines(options), { objectMode: true }), options.file.name)
    return await parquetOf(csv, options)
  } finally {
    await rm(csv, { force: true })
  }
}

/** Like `writeSnapshot`, of cells that a database hands out as CSV without a header. */
export async function writeCsvSnapshot(options: {
  columns: readonly SnapshotColumn[]
  /** Begun only when the columns are known to be good. */
  csv: () => Readable
  path: string
  file: Pick<SourceFile, 'name'> & Partial<SourceFile>
}): Promise<SourceFile> {
  const csv = `${options.path}.csv`
  refuseNames(options.file.name, options.columns)
  await mkdir(dirname(options.path), { recursive: true })
  try {
    await writeCells(csv, options.csv(), options.file.name)
    return await parquetOf(csv, options)
  } finally {
    await rm(csv, { force: true })
  }
}

function refuseNames(file: string, columns: readonly SnapshotColumn[]): void {
  if (columns.length > MAX_COLUMNS) throw new TooManyColumns(file, columns.length, MAX_COLUMNS)
  const repeated = repeatedNames(columnNames(columns.map(({ name }) => name)))
  if (repeated.length > 0) throw new ColumnsDuplicate(file, repeated)
}

async function writeCells(path: string, from: Readable, name: string): Promise<void> {
  let bytes = 0
  async function* measured(source: AsyncIterable<string | Buffer>) {
    for await (const piece of source) {
      bytes += piece.length
      if (bytes > SNAPSHOT.bytes) throw new SourceTooLarge(name, SNAPSHOT.bytes)
      yield piece
    }
  }
  try {
    await pipeline(from, measured, createWriteStream(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFull(path)
    throw error
  }
  if (bytes === 0) throw new TableEmpty(name, 'has no rows')
}

async function* lines({
  columns,
  rows,
}: {
  columns: readonly unknown[]
  rows: AsyncIterable<readonly (string | null)[]>
}) {
  let piece = ''
  for await (const cells of rows) {
    for (let i = 0; i < columns.length; i++) {
      const cell = cells[i]
      if (i > 0) piece += ','
      // Always quoted, so that no line is blank and no cell is taken for something else.
      piece +=
        cell === null || cell === undefined ? '""' : `"${cell.includes('"') ? cell.replaceAll('"', '""') : cell}"`
    }
    piece += '\n'
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

async function parquetOf(
  csv: string,
  {
    columns,
    path,
    file,
  }: { columns: readonly SnapshotColumn[]; path: string; file: Pick<SourceFile, 'name'> & Partial<SourceFile> },
): Promise<SourceFile> {
  const folder = await realpath(dirname(path))
  const types = columns.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')
  const names = columnNames(columns.map(({ name }) => name))
  const cells = columns.flatMap(({ holds }, i) =>
    holds === 'nothing' ? [] : [`${typed(`c${i}`, holds)} AS ${quoted(names[i]!)}`],
  )
  const from = `read_csv(${text(csv)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', max_line_size = ${LONGEST_LINE}, columns = {${types}})`
  await withDuck({ folders: [folder], spillTo: folder, threads: 1, wide: columns.length > 200 }, (duck) =>
    writeParquet(duck, `SELECT ${cells.join(', ')} FROM ${from}`, path, columns.length),
  )
  const { size, mtimeMs } = await stat(path)
  const partition = file.partition && { partition: file.partition }
  return {
    name: file.name,
    path: join(folder, path.slice(dirname(path).length + 1)),
    bytes: size,
    modifiedMs: mtimeMs,
    ...partition,
  }
}

function typed(cell: string, holds: SnapshotColumn['holds']): string {
  const value = `nullif(${cell}, '')`
  if (holds === 'number') return `CAST(${value} AS DOUBLE)`
  if (holds === 'truth') return `CASE ${cell} WHEN 't' THEN 'true' WHEN 'f' THEN 'false' ELSE ${value} END`
  return value
}
