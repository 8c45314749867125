import type { Migration } from '#platform/storage'

export const webhookMigrations: readonly Migration[] = [
  {
    name: 'webhooks-001-hooks-and-deliveries',
    up: async (db) => {
      await db.schema
        .createTable('webhooks_hooks')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('description', 'text', (c) => c.notNull())
        .addColumn('url', 'text', (c) => c.notNull())
        .addColumn('events', 'text', (c) => c.notNull())
        .addColumn('status', 'text', (c) => c.notNull())
        .addColumn('secret', 'text')
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('webhooks_deliveries')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('webhook', 'text', (c) => c.notNull().references('webhooks_hooks.id').onDelete('cascade'))
        .addColumn('event', 'text', (c) => c.notNull())
        .addColumn('body', 'text', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('attempts', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('next_at', 'bigint')
        .addColumn('answer', 'text')
        .execute()
      await db.schema
        .createIndex('webhooks_deliveries_due')
        .on('webhooks_deliveries')
        .columns(['state', 'next_at'])
        .execute()
      await db.schema
        .createIndex('webhooks_deliveries_by_webhook')
        .on('webhooks_deliveries')
        .columns(['webhook', 'created_at'])
        .execute()
    },
  },
]
