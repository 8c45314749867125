import type { Migration } from '#platform/storage'

const createOnlineRows: Migration['up'] = async (db, capabilities) => {
  await db.schema
    .createTable('features_online')
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('entity', 'text', (c) => c.notNull())
    .addColumn('event_time', 'bigint', (c) => c.notNull())
    .addColumn('created', 'bigint', (c) => c.notNull())
    .addColumn('written_at', 'bigint', (c) => c.notNull())
    .addColumn('cells', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('features_online_key', ['version', 'entity'])
    .modifyEnd(capabilities.clustered)
    .execute()
}

/** The rows alone, in a database of their own. */
export const onlineRowMigrations: readonly Migration[] = [{ name: 'features-online-001-rows', up: createOnlineRows }]

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
  {
    name: 'features-002-online',
    up: async (db, capabilities) => {
      await db.schema.alterTable('features_views').addColumn('serving', 'integer').execute()
      await createOnlineRows(db, capabilities)
      await db.schema
        .createTable('features_materializations')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('started_at', 'bigint', (c) => c.notNull())
        .addColumn('finished_at', 'bigint')
        .addColumn('written', 'bigint', (c) => c.notNull())
        .addColumn('facts', 'text', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('features_materializations_by_view')
        .on('features_materializations')
        .columns(['project', 'view', 'started_at'])
        .execute()
      await db.schema
        .createTable('features_skew')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('measured_at', 'bigint', (c) => c.notNull())
        .addColumn('measure', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_skew_key', ['project', 'view'])
        .execute()
    },
  },
  {
    name: 'features-003-streams',
    up: async (db) => {
      await db.schema
        .createTable('features_stream_rows')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('origin', 'text', (c) => c.notNull())
        .addColumn('seq', 'bigint', (c) => c.notNull())
        .addColumn('told', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_stream_rows_key', ['project', 'view', 'origin', 'seq'])
        .execute()
      await db.schema
        .createTable('features_stream_rejected')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('origin', 'text', (c) => c.notNull())
        .addColumn('seq', 'bigint', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('reason', 'text', (c) => c.notNull())
        .addColumn('body', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_stream_rejected_key', ['project', 'view', 'origin', 'seq'])
        .execute()
      await db.schema
        .createIndex('features_stream_rejected_by_time')
        .on('features_stream_rejected')
        .columns(['project', 'view', 'at'])
        .execute()
    },
  },
  {
    name: 'features-004-stream-floors',
    up: async (db) => {
      await db.schema
        .createTable('features_stream_floors')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('origin', 'text', (c) => c.notNull())
        .addColumn('seq', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_stream_floors_key', ['project', 'view', 'origin'])
        .execute()
      await db.schema
        .createTable('features_stream_consumers')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('durable', 'text', (c) => c.notNull())
        .addColumn('source', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_stream_consumers_key', ['project', 'view', 'durable', 'source'])
        .execute()
    },
  },
  {
    name: 'features-005-stream-parts',
    up: async (db) => {
      await db.schema
        .createTable('features_stream_parts')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('view', 'text', (c) => c.notNull())
        .addColumn('number', 'integer', (c) => c.notNull())
        .addColumn('blob', 'text', (c) => c.notNull())
        .addColumn('rows', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('features_stream_parts_key', ['project', 'view', 'number'])
        .execute()
    },
  },
]
