import { randomUUID } from 'node:crypto'
import { mkdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBDataChunk } from '@duckdb/node-api'
import { DiskFull, MemoryExceeded } from './errors.ts'
import { MEMORY_MB, WIDE_MEMORY_MB } from './limits.ts'
import { text } from './sql.ts'

export type Row = Record<string, unknown>

/** A DuckDB in this process, good for one piece of work. */
export interface Duck {
  run(sql: string): Promise<void>
  /** All rows of a small answer; whole numbers as `number`. */
  rows<T = Row>(sql: string): Promise<T[]>
  /** The only row. */
  row<T = Row>(sql: string): Promise<T>
  /** A large answer in pieces of at most 2,048 rows; a piece is only good until the next one. */
  chunks(sql: string): AsyncGenerator<DuckDBDataChunk>
  /** Adds rows to a table, column by column: DOUBLE takes a `Float64Array`, INTEGER an `Int32Array`. */
  append(table: string, columns: readonly (Float64Array | Int32Array)[]): Promise<void>
  /** How much of the statement under way is done, in [0, 1]; `undefined` where that is not known. */
  fraction(): number | undefined
}

/** The most rows of one piece, whichever way it goes. */
const CHUNK_ROWS = 2_048

export interface DuckOptions {
  /** Folders (or files) that may be read and written; nothing else can be, whatever a statement says. */
  folders: readonly string[]
  /** Where what does not fit memory goes meanwhile; the system's folder for temporary files may be small. */
  spillTo?: string
  memoryMb?: number | undefined
  /** Of what goes there. */
  spillMb?: number | undefined
  threads?: number
  /** For hundreds of columns: one thread, less memory per column, and no planning that grows with their square. */
  wide?: boolean
}

/**
 * Opens a database in memory, lends it to `work` and closes it. The native library is loaded on first use, so that a
 * process that reads no table does not pay for it. Nothing is ever fetched: only built-in formats, no extensions.
 *
 * @throws MemoryExceeded when `work` needs more than `memoryMb`, DiskFull when it cannot write
 */
export async function withDuck<T>(options: DuckOptions, work: (duck: Duck) => Promise<T>): Promise<T> {
  const { DOUBLE, DuckDBDataChunk, DuckDBInstance, INTEGER } = await import('@duckdb/node-api')
  const memoryMb = options.memoryMb ?? (options.wide ? WIDE_MEMORY_MB : MEMORY_MB)
  // DuckDB makes this folder when it first needs it: a process that is killed rarely leaves one behind.
  const spill = join(await realpath(options.spillTo ?? tmpdir()), `orrery-duckdb-${randomUUID()}`)
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(options.wide ? 1 : (options.threads ?? 2)),
      memory_limit: `${memoryMb}MB`,
      // A single thread keeps the order of rows by itself.
      preserve_insertion_order: String(!options.wide),
      temp_directory: spill,
      ...(options.spillMb !== undefined && { max_temp_directory_size: `${options.spillMb}MB` }),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    })
    const connection = await instance.connect()
    try {
      // DuckDB looks at where a path really leads, links followed.
      const folders = await Promise.all(options.folders.map((folder) => realpath(folder)))
      const allowed = [...folders, spill].map((folder) => text(`${folder}/`))
      await connection.run(`SET allowed_directories = [${allowed.join(', ')}]`)
      await connection.run('SET enable_external_access = false')
      // A time without a zone is UTC, on every machine.
      await connection.run("SET TimeZone = 'UTC'")
      // Looking for expressions that occur twice took 13 of 15 seconds for 2,000 columns.
      if (options.wide) await connection.run("SET disabled_optimizers = 'common_subexpressions'")
      // What files hold is in the system's memory once already; their footers are read once, not by each thread of each statement.
      await connection.run('SET enable_external_file_cache = false')
      await connection.run('SET parquet_metadata_cache = true')
      await connection.run('SET enable_progress_bar = true')
      await connection.run('SET enable_progress_bar_print = false')
      await connection.run('SET lock_configuration = true')
      const rows = async <R>(sql: string) => {
        const reader = await connection.runAndReadAll(sql)
        return reader.getRowObjectsJS().map(plain) as R[]
      }
      return await work({
        run: async (sql) => {
          await connection.run(sql)
        },
        rows,
        row: async <R>(sql: string) => (await rows<R>(sql))[0]!,
        chunks: async function* (sql) {
          const result = await connection.stream(sql)
          for (;;) {
            const chunk = await result.fetchChunk()
            if (!chunk || chunk.rowCount === 0) return
            yield chunk
          }
        },
        append: async (table, columns) => {
          const appender = await connection.createAppender(table)
          const types = columns.map((column) => (column instanceof Float64Array ? DOUBLE : INTEGER))
          const rows = columns[0]?.length ?? 0
          for (let from = 0; from < rows; from += CHUNK_ROWS) {
            const count = Math.min(CHUNK_ROWS, rows - from)
            const chunk = DuckDBDataChunk.create(types, count)
            columns.forEach((column, c) => {
              const vector = chunk.getColumnVector(c) as unknown as { items: typeof column; flush(): void }
              vector.items.set(column.subarray(from, from + count))
              vector.flush()
            })
            appender.appendDataChunk(chunk)
          }
          appender.closeSync()
        },
        fraction: () => {
          const { percentage } = connection.progress
          return percentage >= 0 && percentage <= 100 ? percentage / 100 : undefined
        },
      })
    } catch (error) {
      throw inOurWords(error, memoryMb)
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  } finally {
    await rm(spill, { recursive: true, force: true })
  }
}

function inOurWords(error: unknown, memoryMb: number): unknown {
  const message = error instanceof Error ? error.message : ''
  if (/^Out of Memory Error/.test(message)) return new MemoryExceeded(memoryMb)
  if (/No space left on device|Disk quota exceeded/i.test(message)) return new DiskFull(/"(.*?)"/.exec(message)?.[1])
  return error
}

/** Makes the folder of an output, so that DuckDB may write into it. */
export async function makeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return realpath(folder)
}

/** Counts come as `bigint`, nested ones too; all that is asked for is far below 2^53. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}
