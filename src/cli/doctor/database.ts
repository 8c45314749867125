import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { migrations } from '../../migrations.ts'
import { bad, type Check, good } from './check.ts'

/** What a database says of itself, read without changing anything. */
interface Known {
  /** Names of the migrations applied; `undefined` in a database that Orrery has not used yet. */
  readonly applied: readonly string[] | undefined
  /** Time of the youngest event, ms. */
  readonly latest: number | undefined
}

export interface DatabaseFound {
  readonly check: Check
  readonly latest: number | undefined
}

/** Whether the database can be reached, is whole, and is neither older nor newer than this program. */
export async function checkDatabase(database: string | undefined, file: string): Promise<DatabaseFound> {
  const isPostgres = database !== undefined && /^postgres(ql)?:/.test(database)
  const path = isPostgres ? undefined : (database ?? file)
  const what = path ? `SQLite at ${path}` : 'PostgreSQL'
  if (path && !existsSync(path)) return { check: good('database', `${what}, still to be made`), latest: undefined }
  try {
    const { applied, latest } = path ? readSqlite(path) : await readPostgres(database!)
    return { check: judge(what, applied), latest }
  } catch (error) {
    const reason = (error as Error).message
    const fix = path
      ? `Put a backup of ${path} back, or start anew with another --home.`
      : 'Check that the server runs and that the address and the password in --database are right.'
    return { check: bad('database', `${what} cannot be read: ${reason}`, fix), latest: undefined }
  }
}

function judge(what: string, applied: readonly string[] | undefined): Check {
  if (!applied) return good('database', `${what}, empty`)
  const known = new Set(migrations.map((migration) => migration.name))
  const newer = applied.filter((name) => !known.has(name))
  const waiting = known.size - (applied.length - newer.length)
  if (newer.length > 0)
    return bad(
      'database',
      `${what} was made by a newer version (${newer[0]})`,
      'Start the version that made it, or a newer one.',
    )
  const rest = waiting > 0 ? `, ${waiting} more at the next start` : ''
  return good('database', `${what}, ${applied.length} migrations applied${rest}`)
}

const TABLE = 'platform_migrations'
const LATEST = 'select max(at) as latest from platform_events'
const NAMES = `select name from ${TABLE} order by name`

function readSqlite(path: string): Known {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
  try {
    if (!database.prepare(`select 1 from sqlite_master where name = '${TABLE}'`).get())
      return { applied: undefined, latest: undefined }
    const names = database.prepare(NAMES).all() as { name: string }[]
    const { latest } = database.prepare(LATEST).get() as { latest: number | null }
    return { applied: names.map(({ name }) => name), latest: latest ?? undefined }
  } finally {
    database.close()
  }
}

async function readPostgres(url: string): Promise<Known> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const { rows } = await client.query(`select to_regclass('${TABLE}') is not null as used`)
    if (!rows[0].used) return { applied: undefined, latest: undefined }
    const names = await client.query<{ name: string }>(NAMES)
    const { latest } = (await client.query<{ latest: string | null }>(LATEST)).rows[0]!
    return { applied: names.rows.map(({ name }) => name), latest: latest === null ? undefined : Number(latest) }
  } finally {
    await client.end()
  }
}
