import type { Migration } from '#platform/storage'

export const packagingMigrations: readonly Migration[] = [
  {
    name: 'packaging-001-requests',
    up: async (db) => {
      await db.schema
        .createTable('packaging_requests')
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('job', 'text', (c) => c.notNull())
        .addColumn('asked_by', 'text', (c) => c.notNull())
        .addColumn('asked_at', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('packaging_requests_key', ['model', 'version'])
        .execute()
    },
  },
]
