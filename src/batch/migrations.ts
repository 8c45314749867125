import type { Migration } from '#platform/storage'

export const batchMigrations: readonly Migration[] = [
  {
    name: 'batch-001-schedules',
    up: async (db) => {
      await db.schema
        .createTable('batch_schedules')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('written', 'text', (c) => c.notNull())
        .addColumn('last', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('batch_schedules_key', ['project', 'name'])
        .execute()
    },
  },
]
