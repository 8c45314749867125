import type { Migration } from '#platform/storage'

export const registryMigrations: readonly Migration[] = [
  {
    name: 'registry-001-models-and-versions',
    up: async (db) => {
      await db.schema
        .createTable('registry_models')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('registry_versions')
        .addColumn('model', 'text', (c) => c.notNull().references('registry_models.name'))
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('pipeline_run', 'text', (c) => c.notNull().unique())
        .addColumn('run', 'text', (c) => c.notNull())
        .addColumn('data_version', 'text', (c) => c.notNull())
        .addColumn('facts', 'text', (c) => c.notNull())
        .addColumn('report', 'text', (c) => c.notNull())
        .addColumn('baseline', 'text', (c) => c.notNull())
        .addColumn('certification', 'text')
        .addPrimaryKeyConstraint('registry_versions_key', ['model', 'version'])
        .execute()
      await db.schema
        .createTable('registry_aliases')
        .addColumn('model', 'text', (c) => c.notNull().references('registry_models.name'))
        .addColumn('alias', 'text', (c) => c.notNull())
        .addColumn('version', 'integer', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_aliases_key', ['model', 'alias'])
        .execute()
    },
  },
]
