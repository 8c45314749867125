import type { Migration } from '#platform/storage'

export const triggerMigrations: readonly Migration[] = [
  {
    name: 'triggers-001-firings-and-schedules',
    up: async (db) => {
      await db.schema
        .createTable('triggers_firings')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('rule', 'integer', (c) => c.notNull())
        .addColumn('written', 'text', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('event_time', 'bigint')
        .addColumn('cause', 'text', (c) => c.notNull())
        .addColumn('pipeline_run', 'text', (c) => c.notNull())
        .addColumn('run_name', 'text', (c) => c.notNull())
        .addColumn('joined', 'integer', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('triggers_firings_by_project')
        .on('triggers_firings')
        .columns(['project', 'at'])
        .execute()
      await db.schema
        .createIndex('triggers_firings_by_endpoint')
        .on('triggers_firings')
        .columns(['project', 'endpoint', 'event_time'])
        .execute()
      // `last` is the system time up to which a schedule has been kept.
      await db.schema
        .createTable('triggers_schedules')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('written', 'text', (c) => c.notNull())
        .addColumn('rule', 'integer', (c) => c.notNull())
        .addColumn('last', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('triggers_schedules_key', ['project', 'endpoint', 'written'])
        .execute()
    },
  },
]
