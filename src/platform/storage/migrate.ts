import { type Kysely, Migrator, type Migration as KyselyMigration } from 'kysely'
import type { Migration, StorageCapabilities } from './storage.ts'

/** Kysely's own migrator over the rooms' lists; rooms are ordered by `app.ts`, so names need not sort. */
export async function applyMigrations(
  db: Kysely<unknown>,
  capabilities: StorageCapabilities,
  migrations: readonly Migration[],
): Promise<void> {
  const byName: Record<string, KyselyMigration> = {}
  for (const migration of migrations) {
    if (byName[migration.name]) throw new Error(`two migrations are called ${migration.name}`)
    byName[migration.name] = { up: (builder) => migration.up(builder as Kysely<unknown>, capabilities) }
  }
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => byName },
    migrationTableName: 'platform_migrations',
    migrationLockTableName: 'platform_migrations_lock',
    allowUnorderedMigrations: true,
  })
  const { error, results } = await migrator.migrateToLatest()
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'unknown'
    throw new Error(`migration ${failed} failed: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
