import type { Connection, FieldPacket } from 'mysql2'
import { asOrreryError } from '#platform/errors'
import { ColumnUnsupported, TableEmpty } from '../errors.ts'
import { type SnapshotColumn, writeSnapshot } from '../read/snapshot.ts'
import { type AskedDatabase, asTable, type DatabaseCall, databaseError, PATIENCE } from './database.ts'
import type { SourceFile } from './resolved.ts'

/** TINY, SHORT, LONG, FLOAT, DOUBLE, INT24, YEAR; longer ones are typed by their digits. */
const NUMBERS = [1, 2, 3, 4, 5, 9, 13]
const NESTED: Record<number, string> = { 16: 'bits', 245: 'json', 255: 'a shape' }
const BLOBS = [249, 250, 251, 252]
/** The character set of what is no text. */
const BINARY = 63

/**
 * Keeps the rows of one SELECT as Parquet, streamed in a read-only transaction. MariaDB speaks the same.
 *
 * @throws SourceUnreachable, SourceDenied, QueryFailed, ColumnUnsupported, TableEmpty, SourceTooLarge
 */
export async function readMysql(call: DatabaseCall, path: string): Promise<SourceFile> {
  return connected(call, PATIENCE.statement, async (connection, lost) => {
    const columns = columnsOf(await fieldsOf(connection, call), call)
    let rows = 0
    async function* cells() {
      const found = connection.query({ sql: call.statement, rowsAsArray: true, typeCast: (field) => field.string() })
      const stream = found.stream({ highWaterMark: 1_000 })
      // The driver tells the connection that it was cut, and not who reads from it.
      lost.addEventListener('abort', () => stream.destroy(lost.reason))
      for await (const row of stream as AsyncIterable<(string | null)[]>) {
        rows++
        // A date that never was is how older servers write that there is none.
        yield row.map((cell) => (cell?.startsWith('0000-00-00') ? null : cell))
      }
      if (rows === 0) throw new TableEmpty(call.name, 'has no rows')
    }
    return writeSnapshot({ columns, rows: cells(), path, file: { name: call.name } })
  })
}

export function askMysql(call: DatabaseCall, time: string | undefined): Promise<AskedDatabase> {
  return connected(call, PATIENCE.question, async (connection) => {
    const columns = (await fieldsOf(connection, call)).map((field) => field.name)
    if (time === undefined || !columns.includes(time)) return { columns, latest: null }
    const { rows } = await query(
      connection,
      `SELECT CAST(max(\`${time.replaceAll('`', '``')}\`) AS CHAR) FROM ${asTable(call.statement)}`,
    )
    return { columns, latest: (rows as string[][])[0]?.[0] ?? null }
  })
}

/** That it parses as a table proves that it is one SELECT. */
const fieldsOf = async (connection: Connection, { statement }: DatabaseCall) =>
  (await query(connection, `SELECT * FROM ${asTable(statement)} LIMIT 0`)).fields

function columnsOf(fields: readonly FieldPacket[], { name: source, ignore }: DatabaseCall): SnapshotColumn[] {
  return fields.map((field) => {
    const { name, columnType: type = 253, characterSet } = field as FieldPacket & { characterSet?: number }
    const nested = NESTED[type] ?? (BLOBS.includes(type) && characterSet === BINARY ? 'bytes' : undefined)
    if (nested && !ignore.includes(name)) throw new ColumnUnsupported(source, name, nested)
    if (nested) return { name, holds: 'nothing' }
    return { name, holds: NUMBERS.includes(type) ? 'number' : 'text' }
  })
}

function query(connection: Connection, sql: string): Promise<{ rows: unknown; fields: FieldPacket[] }> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() }, (error, rows, fields) =>
      error ? reject(error) : resolve({ rows, fields: (fields as FieldPacket[]) ?? [] }),
    )
  })
}

async function connected<T>(
  call: DatabaseCall,
  patience: number,
  work: (connection: Connection, lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const { createConnection } = await import('mysql2')
  const { hostname, port, username, password, pathname, searchParams } = new URL(call.address)
  const connection = createConnection({
    host: hostname || 'localhost',
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...tlsOf(searchParams.get('sslmode')),
    connectTimeout: PATIENCE.connect,
    enableKeepAlive: true,
    charset: 'utf8mb4',
    // A server may ask for a file of this machine in the middle of a query; it gets none.
    infileStreamFactory: () => {
      throw new Error('the server asked for a local file')
    },
  })
  const lost = new AbortController()
  connection.on('error', (error: Error) => lost.abort(error))
  const timer = setTimeout(() => {
    lost.abort(new Error(`it took longer than ${patience / 1000} seconds`))
    connection.destroy()
  }, patience)
  try {
    await query(connection, "SET time_zone = '+00:00'")
    await query(connection, 'START TRANSACTION READ ONLY')
    return await work(connection, lost.signal)
  } catch (error) {
    if (asOrreryError(error)) throw error
    throw databaseError(lost.signal.aborted ? lost.signal.reason : error, call.name, {
      denied: (code) => /ACCESS_DENIED|HOST_NOT_PRIVILEGED|ER_HOST_IS_BLOCKED/.test(code),
      refused: (code) => /^ER_/.test(code) && !/SERVER_SHUTDOWN|CON_COUNT|TOO_MANY_USER/.test(code),
    })
  } finally {
    clearTimeout(timer)
    // Not `end`: that waits for the rest of an answer nobody reads.
    connection.destroy()
  }
}

/** As PostgreSQL's addresses have it. */
function tlsOf(mode: string | null) {
  if (mode === 'require') return { ssl: { rejectUnauthorized: false } }
  return mode?.startsWith('verify') ? { ssl: { rejectUnauthorized: true } } : {}
}
