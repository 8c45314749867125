import type { Migration } from '#platform/storage'

export const monitoringMigrations: readonly Migration[] = [
  {
    name: 'monitoring-001-points-states-alerts',
    up: async (db) => {
      // `first_seq` is the first row of the prediction log that the period saw: from it a window is rebuilt.
      await db.schema
        .createTable('monitoring_points')
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('through', 'bigint', (c) => c.notNull())
        .addColumn('first_seq', 'bigint', (c) => c.notNull())
        .addColumn('point', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('monitoring_points_key', ['endpoint', 'through'])
        .execute()
      await db.schema
        .createTable('monitoring_states')
        .addColumn('endpoint', 'text', (c) => c.primaryKey())
        .addColumn('through', 'bigint', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('monitoring_alerts')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('opened_at', 'bigint', (c) => c.notNull())
        .addColumn('closed_at', 'bigint')
        .addColumn('pipeline_run', 'text')
        .addColumn('alert', 'text', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('monitoring_alerts_by_endpoint')
        .on('monitoring_alerts')
        .columns(['endpoint', 'opened_at'])
        .execute()
      await db.schema
        .createIndex('monitoring_alerts_by_project')
        .on('monitoring_alerts')
        .columns(['project', 'opened_at'])
        .execute()
    },
  },
]
