import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { GarbageUnsure } from './errors.ts'
import type { DataHome } from './home.ts'

const HASH = /sha256:([0-9a-f]{64})/g

/**
 * Which of these blobs anything in the server's database names, in any column of any table: a list of the tables that
 * refer to blobs would forget the room that is built tomorrow. Read beside a server that is running.
 */
export async function mentionedByServer(
  home: DataHome,
  hashes: ReadonlySet<string>,
  database: string | undefined,
): Promise<Set<string>> {
  const mentioned = new Set<string>()
  if (hashes.size === 0) return mentioned
  const look = (text: unknown) => {
    for (const [, hash] of String(text).matchAll(HASH)) if (hashes.has(hash!)) mentioned.add(hash!)
  }
  const file = join(home.folder, 'orrery.db')
  if (database) await lookThroughPostgres(database, look)
  else if (existsSync(file)) lookThroughSqlite(file, look)
  else if (existsSync(join(home.folder, 'server.lock')))
    throw new GarbageUnsure(
      'a server has worked with this home, and its database is not in it',
      'Name its database with --database (or ORRERY_DATABASE), so that what it refers to is kept.',
    )
  return mentioned
}

/** What lists this room's own versions: they are what is being decided on. */
const OWN = 'data_file_versions'
const quotedName = (name: string) => `"${name.replaceAll('"', '""')}"`

function lookThroughSqlite(file: string, look: (text: unknown) => void): void {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  try {
    const tables = db.prepare("select name from sqlite_schema where type = 'table'").all()
    for (const { name } of tables) {
      if (name === OWN) continue
      const table = quotedName(String(name))
      for (const { name: column } of db.prepare(`pragma table_info(${table})`).all()) {
        const cell = quotedName(String(column))
        const found = db.prepare(`select ${cell} as text from ${table} where instr(${cell}, 'sha256:') > 0`)
        for (const row of found.iterate()) look(row.text)
      }
    }
  } finally {
    db.close()
  }
}

async function lookThroughPostgres(url: string, look: (text: unknown) => void): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const columns = await client.query(
      `select table_name, column_name from information_schema.columns
       where table_schema = current_schema() and data_type in ('text', 'character varying', 'json', 'jsonb')`,
    )
    for (const { table_name: table, column_name: column } of columns.rows) {
      if (table === OWN) continue
      const cell = quotedName(column)
      const found = await client.query(
        `select ${cell}::text as text from ${quotedName(table)} where position('sha256:' in ${cell}::text) > 0`,
      )
      for (const { text } of found.rows) look(text)
    }
  } finally {
    await client.end()
  }
}
