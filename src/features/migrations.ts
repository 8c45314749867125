import type { Migration } from '#platform/storage'

export const featureMigrations: readonly Migration[] = [
  {
    name: 'features-001-views',
    up: async (db, capabilities) => {
      await db.schema
        .createTable('features_versions')
        .addColumn('id', capabilities.identityType, capabilities.identity)
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('content', 'text', (c) => c.notNull())
        .addColumn('definition', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addUniqueConstraint('features_versions_number', ['project', 'view', 'number'])
        .addUniqueConstraint('features_versions_content', ['project', 'view', 'content'])
        .execute()
      await db.schema
        .createTable('features_views')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('applied', 'integer', (c) => c.notNull())
        .addColumn('definition', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_views_key', ['project', 'view'])
        .execute()
    },
  },
]
