import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { StorageClosed } from './errors.ts'
import { applyMigrations } from './migrate.ts'
import { type Storage, type StorageCapabilities, type Tx, tables } from './storage.ts'

const INT8 = 20

const capabilities: StorageCapabilities = {
  name: 'postgres',
  identityType: 'bigserial',
  identity: (column) => column.primaryKey(),
  // Rows lie as they came; its index finds them.
  clustered: sql``,
  forUpdate: sql`for update`,
  like: (value, pattern, { ignoreCase }) =>
    ignoreCase ? sql`${value} ilike ${pattern} escape ''` : sql`${value} like ${pattern} escape ''`,
  jsonText: (value, key) => sql`(${value}::json ->> ${key})`,
  serialize: async (tx, log) => {
    await sql`select pg_advisory_xact_lock(hashtext(${log}))`.execute(tables(tx))
  },
}

/** PostgreSQL through `pg`'s pool. It groups commits by itself; a write is durable when its commit returns. */
export async function openPostgres(options: { url: string; connections?: number }): Promise<Storage> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    // Our integers are milliseconds, sizes and counts: all below 2^53.
    types: {
      getTypeParser: (oid, format) =>
        oid === INT8 ? (text: string) => Number(text) : pg.types.getTypeParser(oid, format),
    },
  })
  // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const listeners = new WeakMap<Tx, Set<() => void>>()
  let pending = 0
  let closed = false
  return {
    capabilities,
    reads: <Tables>() => db as unknown as Kysely<Tables>,
    write: async (work) => {
      if (closed) throw new StorageClosed()
      pending++
      try {
        let committed: Set<() => void> | undefined
        const result = await db.transaction().execute(async (transaction) => {
          const tx = transaction as unknown as Tx
          const value = await work(tx)
          committed = listeners.get(tx)
          return value
        })
        for (const listener of committed ?? []) listener()
        return result
      } finally {
        pending--
      }
    },
    afterCommit: (tx, listener) => {
      const waiting = listeners.get(tx) ?? new Set()
      listeners.set(tx, waiting.add(listener))
    },
    migrate: (migrations) => applyMigrations(db, capabilities, migrations),
    pendingWrites: () => pending,
    otherThread: undefined,
    close: async () => {
      closed = true
      await db.destroy()
    },
  }
}
