import type { Migration } from '#platform/storage'

export const trackingMigrations: readonly Migration[] = [
  {
    name: 'tracking-001-runs',
    up: async (db) => {
      await db.schema
        .createTable('tracking_experiments')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('name', 'text', (c) => c.notNull().unique())
        .addColumn('project', 'text')
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('tracking_runs')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('experiment', 'text', (c) => c.notNull().references('tracking_experiments.id'))
        .addColumn('project', 'text')
        .addColumn('parent', 'text')
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('started_at', 'bigint', (c) => c.notNull())
        .addColumn('ended_at', 'bigint')
        .execute()
      await db.schema
        .createIndex('tracking_runs_by_experiment')
        .on('tracking_runs')
        .columns(['experiment', 'started_at'])
        .execute()
      await db.schema.createIndex('tracking_runs_by_parent').on('tracking_runs').columns(['parent']).execute()
      await db.schema
        .createIndex('tracking_runs_by_project')
        .on('tracking_runs')
        .columns(['project', 'started_at'])
        .execute()
      for (const table of ['tracking_params', 'tracking_tags']) {
        await db.schema
          .createTable(table)
          .addColumn('run', 'text', (c) => c.notNull().references('tracking_runs.id').onDelete('cascade'))
          .addColumn('key', 'text', (c) => c.notNull())
          .addColumn('value', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint(`${table}_key`, ['run', 'key'])
          .execute()
      }
      await db.schema
        .createTable('tracking_metrics')
        .addColumn('run', 'text', (c) => c.notNull().references('tracking_runs.id').onDelete('cascade'))
        .addColumn('key', 'text', (c) => c.notNull())
        .addColumn('step', 'bigint', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('value', 'double precision', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('tracking_metrics_by_run')
        .on('tracking_metrics')
        .columns(['run', 'key', 'step'])
        .execute()
      await db.schema
        .createTable('tracking_latest_metrics')
        .addColumn('run', 'text', (c) => c.notNull().references('tracking_runs.id').onDelete('cascade'))
        .addColumn('key', 'text', (c) => c.notNull())
        .addColumn('step', 'bigint', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('value', 'double precision', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracking_latest_metrics_key', ['run', 'key'])
        .execute()
      await db.schema
        .createIndex('tracking_latest_metrics_by_key')
        .on('tracking_latest_metrics')
        .columns(['key', 'value'])
        .execute()
      await db.schema
        .createTable('tracking_artifacts')
        .addColumn('run', 'text', (c) => c.notNull().references('tracking_runs.id').onDelete('cascade'))
        .addColumn('path', 'text', (c) => c.notNull())
        .addColumn('hash', 'text', (c) => c.notNull())
        .addColumn('size', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracking_artifacts_key', ['run', 'path'])
        .execute()
    },
  },
]
