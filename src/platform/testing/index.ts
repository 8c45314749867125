import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import pg from 'pg'
import { type Migration, openPostgres, openSqlite, type Storage } from '#platform/storage'

/**
 * Runs one contract suite on every database: SQLite always, PostgreSQL when `ORRERY_TEST_POSTGRES` names a server
 * (skipped by name otherwise). Each suite gets an empty database of its own.
 */
export function onEveryDatabase(
  name: string,
  migrations: readonly Migration[],
  suite: (storage: () => Storage) => void,
): void {
  describe(`${name} on SQLite`, () => {
    let storage: Storage
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'orrery-sqlite-'))
      storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'full' })
      await storage.migrate(migrations)
    })
    afterAll(async () => {
      await storage.close()
      await rm(folder, { recursive: true })
    })
    suite(() => storage)
  })

  const server = process.env.ORRERY_TEST_POSTGRES
  describe.skipIf(!server)(`${name} on PostgreSQL`, () => {
    let storage: Storage
    const database = `orrery_${process.pid}_${Math.floor(performance.now() * 1000)}`
    const asAdmin = async (statement: string) => {
      const admin = new pg.Client({ connectionString: server })
      await admin.connect()
      await admin.query(statement)
      await admin.end()
    }
    beforeAll(async () => {
      await asAdmin(`create database ${database}`)
      const url = new URL(server!)
      url.pathname = `/${database}`
      storage = await openPostgres({ url: url.href })
      await storage.migrate(migrations)
    })
    afterAll(async () => {
      await storage.close()
      await asAdmin(`drop database ${database} with (force)`)
    })
    suite(() => storage)
  })
}
