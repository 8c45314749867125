import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { DuckDBDataChunk } from '@duckdb/node-api'
import { MemoryExceeded } from './errors.ts'
import { MEMORY_MB } from './limits.ts'
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
}

export interface DuckOptions {
  /** Folders (or files) that may be read and written; nothing else can be, whatever a statement says. */
  folders: readonly string[]
  memoryMb?: number | undefined
  threads?: number
  /** Off saves memory per column; order is then kept by using one thread. */
  keepOrder?: boolean
}

/**
 * Opens a database in memory, lends it to `work` and closes it. The native library is loaded on first use, so that a
 * process that reads no table does not pay for it. Nothing is ever fetched: only built-in formats, no extensions.
 *
 * @throws MemoryExceeded when `work` needs more than `memoryMb`
 */
export async function withDuck<T>(options: DuckOptions, work: (duck: Duck) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const memoryMb = options.memoryMb ?? MEMORY_MB
  const spill = await mkdtemp(join(tmpdir(), 'orrery-duckdb-'))
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(options.threads ?? 2),
      memory_limit: `${memoryMb}MB`,
      preserve_insertion_order: String(options.keepOrder ?? true),
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    })
    const connection = await instance.connect()
    try {
      const allowed = [...options.folders, spill].map((folder) => text(`${resolve(folder)}/`))
      await connection.run(`SET allowed_directories = [${allowed.join(', ')}]`)
      await connection.run('SET enable_external_access = false')
      // A time without a zone is UTC, on every machine.
      await connection.run("SET TimeZone = 'UTC'")
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
      })
    } catch (error) {
      if (error instanceof Error && /^Out of Memory Error/.test(error.message)) throw new MemoryExceeded(memoryMb)
      throw error
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  } finally {
    await rm(spill, { recursive: true, force: true })
  }
}

/** Makes the folder of an output, so that DuckDB may write into it. */
export async function makeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return resolve(folder)
}

/** Counts come as `bigint`, nested ones too; all that is asked for is far below 2^53. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}
