import { constants, DatabaseSync, type StatementSync } from 'node:sqlite'
import { asOrreryError } from '#platform/errors'
import { ColumnUnsupported, QueryFailed, SourceUnreadable, TableEmpty } from '../errors.ts'
import { writeSnapshot } from '../read/snapshot.ts'
import { type AskedDatabase, asTable, type DatabaseCall, PATIENCE } from './database.ts'
import type { SourceFile } from './resolved.ts'

/** What a SELECT needs, and nothing else: no other file is attached, no setting changed. */
const ALLOWED: readonly number[] = [
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]

/**
 * Keeps the rows of one SELECT on an SQLite file, opened read-only, as Parquet. Its cells have types of their own, so
 * they are typed by what they hold, as a CSV's are.
 *
 * @param call.address the path of the file
 * @throws SourceUnreadable, QueryFailed, ColumnUnsupported, TableEmpty
 */
export async function readSqlite(call: DatabaseCall, path: string): Promise<SourceFile> {
  return opened(call, (database) => {
    const { statement, columns } = prepared(database, call)
    const taken = columns.map((name) => ({ name, holds: 'text' as const }))
    return writeSnapshot({ columns: taken, rows: cells(statement, columns, call), path, file: { name: call.name } })
  })
}

export function askSqlite(call: DatabaseCall, time: string | undefined): Promise<AskedDatabase> {
  return opened(call, async (database) => {
    const { columns } = prepared(database, call)
    if (time === undefined || !columns.includes(time)) return { columns, latest: null }
    const latest = database
      .prepare(`SELECT max("${time.replaceAll('"', '""')}") AS latest FROM ${asTable(call.statement)}`)
      .get()?.latest
    return { columns, latest: latest === null || latest === undefined ? null : String(latest) }
  })
}

async function* cells(statement: StatementSync, columns: readonly string[], call: DatabaseCall) {
  statement.setReadBigInts(true)
  const end = Date.now() + PATIENCE.statement
  let rows = 0
  for (const row of statement.iterate() as Iterable<Record<string, unknown>>) {
    if (++rows % 10_000 === 0 && Date.now() > end) throw new QueryFailed(call.name, 'it took longer than 30 minutes')
    yield columns.map((column) => {
      const value = row[column]
      if (value === null || value === undefined) return null
      if (value instanceof Uint8Array) {
        if (call.ignore.includes(column)) return null
        throw new ColumnUnsupported(call.name, column, 'bytes')
      }
      return String(value)
    })
  }
  if (rows === 0) throw new TableEmpty(call.name, 'has no rows')
}

function prepared(database: DatabaseSync, { statement, name }: DatabaseCall) {
  // As a table first: of several statements SQLite would prepare the first and drop the rest.
  database.prepare(`SELECT * FROM ${asTable(statement)} LIMIT 0`)
  const ready = database.prepare(statement)
  const columns = ready.columns().map((column) => column.name)
  if (columns.length === 0) throw new QueryFailed(name, 'it gives no rows')
  return { statement: ready, columns }
}

async function opened<T>(call: DatabaseCall, work: (database: DatabaseSync) => Promise<T>): Promise<T> {
  let database: DatabaseSync
  try {
    database = new DatabaseSync(call.address, { readOnly: true, timeout: 5_000 })
  } catch (error) {
    throw new SourceUnreadable(call.name, (error as Error).message)
  }
  try {
    database.setAuthorizer((action) => (ALLOWED.includes(action) ? constants.SQLITE_OK : constants.SQLITE_DENY))
    return await work(database)
  } catch (error) {
    if (asOrreryError(error)) throw error
    throw new QueryFailed(call.name, (error as Error).message)
  } finally {
    database.close()
  }
}
