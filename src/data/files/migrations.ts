import type { Migration } from '#platform/storage'

export const fileMigrations: readonly Migration[] = [
  {
    name: 'data-files-001-versions',
    up: async (db) => {
      await db.schema
        .createTable('data_file_versions')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('dataset', 'text', (c) => c.notNull())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('version', 'text', (c) => c.notNull())
        .addColumn('files', 'bigint', (c) => c.notNull())
        .addColumn('bytes', 'bigint', (c) => c.notNull())
        .addColumn('parent', 'text')
        .addColumn('how', 'text', (c) => c.notNull())
        .addColumn('added_at', 'bigint', (c) => c.notNull())
        .addUniqueConstraint('data_file_versions_line', ['project', 'dataset', 'added_at', 'version'])
        .execute()
    },
  },
]
