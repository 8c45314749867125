import pg from 'pg'
import { asOrreryError } from '#platform/errors'
import { ColumnUnsupported } from '../errors.ts'
import { type SnapshotColumn, writeCsvSnapshot } from '../read/snapshot.ts'
import { type AskedDatabase, asTable, type DatabaseCall, databaseError, PATIENCE } from './database.ts'
import type { SourceFile } from './resolved.ts'

const NUMBERS = [21, 23, 26, 700, 701]
const TRUTH = 16
/** bytea, json, xml, jsonb: no single value that a model or a person reads. */
const UNREADABLE: Record<number, string> = { 17: 'bytea', 114: 'json', 142: 'xml', 3802: 'jsonb' }
/** Arrays, composites, ranges, geometric types, as `pg_type.typcategory` has them. */
const NESTED: Record<string, string> = { A: 'an array', C: 'a record', R: 'a range', G: 'a shape' }

/**
 * Keeps the rows of one SELECT as Parquet. The server writes them as CSV (`COPY … TO STDOUT`) in a read-only
 * transaction, and they go to the disk as they come.
 *
 * @throws SourceUnreachable, SourceDenied, QueryFailed, ColumnUnsupported, TableEmpty, SourceTooLarge
 */
export async function readPostgres(call: DatabaseCall, path: string): Promise<SourceFile> {
  const { to } = await import('pg-copy-streams')
  return connected(call, PATIENCE.statement, async (client) => {
    const columns = await columnsOf(client, call)
    const csv = () => client.query(to(`COPY (${call.statement}\n) TO STDOUT (FORMAT csv)`))
    return writeCsvSnapshot({ columns, csv, path, file: { name: call.name } })
  })
}

export function askPostgres(call: DatabaseCall, time: string | undefined): Promise<AskedDatabase> {
  return connected(call, PATIENCE.question, async (client) => {
    const { fields } = await client.query(`SELECT * FROM ${asTable(call.statement)} LIMIT 0`)
    const columns = fields.map((field) => field.name)
    if (time === undefined || !columns.includes(time)) return { columns, latest: null }
    const { rows } = await client.query(
      `SELECT max(${client.escapeIdentifier(time)})::text AS latest FROM ${asTable(call.statement)}`,
    )
    return { columns, latest: rows[0].latest }
  })
}

/** The columns with their types; that it parses as a table proves that it is one SELECT. */
async function columnsOf(client: pg.Client, { statement, name, ignore }: DatabaseCall): Promise<SnapshotColumn[]> {
  const { fields } = await client.query(`SELECT * FROM ${asTable(statement)} LIMIT 0`)
  const { rows } = await client.query('SELECT oid, typname, typcategory FROM pg_type WHERE oid = ANY($1)', [
    fields.map((field) => field.dataTypeID),
  ])
  const types = new Map(rows.map((row) => [Number(row.oid), row as { typname: string; typcategory: string }]))
  return fields.map(({ name: column, dataTypeID }) => {
    const nested = UNREADABLE[dataTypeID] ?? NESTED[types.get(dataTypeID)?.typcategory ?? '']
    if (nested && !ignore.includes(column)) throw new ColumnUnsupported(name, column, nested)
    if (nested) return { name: column, holds: 'nothing' }
    if (dataTypeID === TRUTH) return { name: column, holds: 'truth' }
    return { name: column, holds: NUMBERS.includes(dataTypeID) ? 'number' : 'text' }
  })
}

async function connected<T>(call: DatabaseCall, patience: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: call.address,
    connectionTimeoutMillis: PATIENCE.connect,
    statement_timeout: patience,
    keepAlive: true,
    application_name: 'orrery',
  })
  // A connection that drops tells whoever waits for it; without a listener it would end the process too.
  let dropped: Error | undefined
  client.on('error', (error) => {
    dropped = error
  })
  try {
    await client.connect()
    await client.query(
      "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex'",
    )
    await client.query('BEGIN READ ONLY')
    const result = await work(client)
    await client.query('ROLLBACK')
    return result
  } catch (error) {
    if (asOrreryError(error)) throw error
    throw databaseError(dropped ?? error, call.name, {
      // Classes of SQLSTATE: authorisation; what the statement itself is to blame for.
      denied: (code) => /^(28|42501)/.test(code),
      refused: (code) => /^(0A|21|22|25|3D|3F|42|54|57014|P0)/.test(code) && code !== '42501',
    })
  } finally {
    await client.end().catch(() => {})
  }
}
