import type { Migration } from '#platform/storage'

export const deploymentMigrations: readonly Migration[] = [
  {
    name: 'deployments-001-endpoints-and-rollouts',
    up: async (db) => {
      await db.schema
        .createTable('deployments_endpoints')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('environment', 'text', (c) => c.notNull())
        .addColumn('model', 'text', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('deployments_rollouts')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('model', 'text', (c) => c.notNull())
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('plan', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('finished_at', 'bigint')
        .addUniqueConstraint('deployments_rollouts_once', ['endpoint', 'version'])
        .execute()
      await db.schema
        .createIndex('deployments_rollouts_by_endpoint')
        .on('deployments_rollouts')
        .columns(['endpoint', 'created_at'])
        .execute()
    },
  },
  {
    name: 'deployments-002-looks',
    up: async (db) => {
      await db.schema
        .createTable('deployments_looks')
        .addColumn('rollout', 'text', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('event_time', 'bigint')
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('share', 'double precision', (c) => c.notNull())
        .addColumn('note', 'text', (c) => c.notNull())
        .addColumn('evidence', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('deployments_looks_key', ['rollout', 'at'])
        .execute()
    },
  },
]
