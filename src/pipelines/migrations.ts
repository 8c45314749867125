import type { Migration } from '#platform/storage'

export const pipelineMigrations: readonly Migration[] = [
  {
    name: 'pipelines-001-candidates',
    up: async (db) => {
      await db.schema
        .createTable('pipelines_runs')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('candidate', 'text')
        .addUniqueConstraint('pipelines_runs_number', ['project', 'number'])
        .execute()
      await db.schema
        .createTable('pipelines_data')
        .addColumn('version', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('dataset', 'text', (c) => c.notNull())
        .addColumn('base', 'text', (c) => c.notNull())
        .addColumn('cursor', 'bigint', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .execute()
    },
  },
]
