import type { Migration } from '#platform/storage'
import { reportMigrations } from './reports/store.ts'
import { sourceMigrations } from './sources/store.ts'

export const dataMigrations: readonly Migration[] = [
  {
    name: 'data-001-datasets-and-versions',
    up: async (db) => {
      await db.schema
        .createTable('data_datasets')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addUniqueConstraint('data_datasets_name', ['project', 'name'])
        .execute()
      await db.schema
        .createTable('data_versions')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('dataset_id', 'text', (c) => c.notNull().references('data_datasets.id'))
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('identity', 'text', (c) => c.notNull())
        .addColumn('content_hash', 'text', (c) => c.notNull())
        .addColumn('blob_hash', 'text', (c) => c.notNull())
        .addColumn('bytes', 'bigint', (c) => c.notNull())
        .addColumn('rows', 'bigint', (c) => c.notNull())
        .addColumn('columns', 'integer', (c) => c.notNull())
        .addColumn('parent', 'text', (c) => c.references('data_versions.id'))
        .addColumn('source', 'text', (c) => c.notNull())
        .addColumn('schema', 'text', (c) => c.notNull())
        .addColumn('profile', 'text', (c) => c.notNull())
        .addColumn('split', 'text', (c) => c.notNull())
        .addColumn('checks', 'text', (c) => c.notNull())
        .addColumn('preview', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addUniqueConstraint('data_versions_number', ['dataset_id', 'number'])
        .addUniqueConstraint('data_versions_identity', ['dataset_id', 'identity'])
        .execute()
    },
  },
  ...reportMigrations,
  ...sourceMigrations,
]
