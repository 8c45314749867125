import type { Migration } from '#platform/storage'

export const projectMigrations: readonly Migration[] = [
  {
    name: 'projects-001-projects',
    up: async (db) => {
      await db.schema
        .createTable('projects_projects')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('file', 'text', (c) => c.notNull())
        .addColumn('spec', 'text', (c) => c.notNull())
        .addColumn('folder', 'text', (c) => c.notNull())
        .addColumn('canvas', 'text', (c) => c.notNull())
        .addColumn('simulated', 'integer', (c) => c.notNull())
        .addColumn('code', 'text', (c) => c.notNull())
        .addColumn('applied_at', 'bigint', (c) => c.notNull())
        .addColumn('applied_by', 'text', (c) => c.notNull())
        .execute()
    },
  },
]
