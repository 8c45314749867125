import type { Migration } from '#platform/storage'

export const jobMigrations: readonly Migration[] = [
  {
    name: 'jobs-001-jobs-and-steps',
    up: async (db) => {
      await db.schema
        .createTable('platform_jobs')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('key', 'text')
        .addColumn('project', 'text')
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('input', 'text', (c) => c.notNull())
        .addColumn('output', 'text')
        .addColumn('error', 'text')
        .addColumn('attempt', 'integer', (c) => c.notNull())
        .addColumn('progress', 'text')
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('finished_at', 'bigint')
        .execute()
      await db.schema
        .createIndex('platform_jobs_by_state')
        .on('platform_jobs')
        .columns(['state', 'created_at'])
        .execute()
      await db.schema
        .createIndex('platform_jobs_by_project')
        .on('platform_jobs')
        .columns(['project', 'created_at'])
        .execute()
      await db.schema
        .createTable('platform_job_steps')
        .addColumn('job', 'text', (c) => c.notNull().references('platform_jobs.id').onDelete('cascade'))
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('position', 'integer', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('output', 'text')
        .addColumn('started_at', 'bigint', (c) => c.notNull())
        .addColumn('finished_at', 'bigint')
        .addPrimaryKeyConstraint('platform_job_steps_key', ['job', 'name'])
        .execute()
    },
  },
]
