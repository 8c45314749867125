import type { Migration } from '#platform/storage'

export const eventMigrations: readonly Migration[] = [
  {
    name: 'events-001-outbox',
    up: async (db, { identity, identityType }) => {
      await db.schema
        .createTable('platform_events')
        .addColumn('seq', identityType, identity)
        .addColumn('type', 'text', (c) => c.notNull())
        .addColumn('project', 'text')
        .addColumn('subject', 'text', (c) => c.notNull())
        .addColumn('data', 'text', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('platform_events_by_project')
        .on('platform_events')
        .columns(['project', 'seq'])
        .execute()
      await db.schema
        .createTable('platform_deliveries')
        .addColumn('subscriber', 'text', (c) => c.primaryKey())
        .addColumn('delivered', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('platform_undeliverable')
        .addColumn('subscriber', 'text', (c) => c.notNull())
        .addColumn('seq', 'bigint', (c) => c.notNull())
        .addColumn('reason', 'text', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .execute()
    },
  },
  {
    name: 'events-002-by-type',
    up: async (db) => {
      // A subscriber reads its types from where it was: it does not pass what happened meanwhile elsewhere.
      await db.schema.createIndex('platform_events_by_type').on('platform_events').columns(['type', 'seq']).execute()
    },
  },
]
