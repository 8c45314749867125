import { sql } from 'kysely'
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
  {
    name: 'tracking-002-lifecycle-and-models',
    up: async (db) => {
      await db.schema
        .alterTable('tracking_experiments')
        .addColumn('updated_at', 'bigint', (c) => c.notNull().defaultTo(0))
        .execute()
      await db.schema.alterTable('tracking_experiments').addColumn('deleted_at', 'bigint').execute()
      await db.schema.alterTable('tracking_runs').addColumn('deleted_at', 'bigint').execute()
      await db.schema
        .createTable('tracking_experiment_tags')
        .addColumn('experiment', 'text', (c) => c.notNull().references('tracking_experiments.id').onDelete('cascade'))
        .addColumn('key', 'text', (c) => c.notNull())
        .addColumn('value', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracking_experiment_tags_key', ['experiment', 'key'])
        .execute()

      for (const table of ['tracking_metrics', 'tracking_latest_metrics']) {
        await db.schema
          .alterTable(table)
          .addColumn('is_nan', 'integer', (c) => c.notNull().defaultTo(0))
          .execute()
        for (const column of ['model', 'dataset_name', 'dataset_digest'])
          await db.schema.alterTable(table).addColumn(column, 'text').execute()
      }
      // A client that saw no answer sends its points again: each is kept once.
      await db.schema.dropIndex('tracking_metrics_by_run').execute()
      await db.schema
        .createIndex('tracking_metrics_once')
        .unique()
        .on('tracking_metrics')
        .columns(['run', 'key', 'step', 'at', 'value', 'is_nan'])
        .execute()
      await db.schema
        .createIndex('tracking_latest_metrics_by_model')
        .on('tracking_latest_metrics')
        .columns(['model'])
        .execute()

      await db.schema
        .createTable('tracking_logged_models')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('experiment', 'text', (c) => c.notNull().references('tracking_experiments.id'))
        .addColumn('run', 'text')
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('type', 'text', (c) => c.notNull())
        .addColumn('status', 'text', (c) => c.notNull())
        .addColumn('params', 'text', (c) => c.notNull())
        .addColumn('tags', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .addColumn('deleted_at', 'bigint')
        .execute()
      await db.schema
        .createIndex('tracking_logged_models_by_experiment')
        .on('tracking_logged_models')
        .columns(['experiment', 'created_at'])
        .execute()

      // Artifacts belong to a run or to a logged model.
      await db.schema.alterTable('tracking_artifacts').renameTo('tracking_artifacts_of_runs').execute()
      await db.schema
        .createTable('tracking_artifacts')
        .addColumn('owner', 'text', (c) => c.notNull())
        .addColumn('path', 'text', (c) => c.notNull())
        .addColumn('hash', 'text', (c) => c.notNull())
        .addColumn('size', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracking_artifacts_by_owner', ['owner', 'path'])
        .execute()
      await sql`
        insert into tracking_artifacts (owner, path, hash, size) select run, path, hash, size from tracking_artifacts_of_runs
      `.execute(db)
      await db.schema.dropTable('tracking_artifacts_of_runs').execute()
    },
  },
  {
    name: 'tracking-003-values-of-a-run-together',
    up: async (db, { clustered }) => {
      // The values of a run are written and read together: its own order of rows saves every table a second tree.
      for (const table of ['tracking_params', 'tracking_tags']) {
        await db.schema.alterTable(table).renameTo(`${table}_before`).execute()
        await db.schema
          .createTable(table)
          .addColumn('run', 'text', (c) => c.notNull())
          .addColumn('key', 'text', (c) => c.notNull())
          .addColumn('value', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint(`${table}_of_run`, ['run', 'key'])
          .modifyEnd(clustered)
          .execute()
        await sql`insert into ${sql.table(table)} select run, key, value from ${sql.table(`${table}_before`)}`.execute(
          db,
        )
        await db.schema.dropTable(`${table}_before`).execute()
        // The start of a value tells nearly as much as all of it, and an index takes no value of 8,000 characters.
        await sql`create index ${sql.ref(`${table}_by_value`)} on ${sql.table(table)} (key, substr(value, 1, 64), run)`.execute(
          db,
        )
      }

      for (const table of ['tracking_metrics', 'tracking_latest_metrics'])
        await db.schema.alterTable(table).renameTo(`${table}_before`).execute()
      const point = (table: string) =>
        db.schema
          .createTable(table)
          .addColumn('run', 'text', (c) => c.notNull())
          .addColumn('key', 'text', (c) => c.notNull())
          .addColumn('step', 'bigint', (c) => c.notNull())
          .addColumn('at', 'bigint', (c) => c.notNull())
          .addColumn('value', 'double precision', (c) => c.notNull())
          .addColumn('is_nan', 'integer', (c) => c.notNull())
          .addColumn('model', 'text')
          .addColumn('dataset_name', 'text')
          .addColumn('dataset_digest', 'text')
          .modifyEnd(clustered)
      await point('tracking_metrics')
        .addPrimaryKeyConstraint('tracking_metrics_of_run', ['run', 'key', 'step', 'at', 'value', 'is_nan'])
        .execute()
      await point('tracking_latest_metrics')
        .addColumn('experiment', 'text', (c) => c.notNull())
        .addColumn('min_value', 'double precision')
        .addColumn('max_value', 'double precision')
        .addPrimaryKeyConstraint('tracking_latest_metrics_of_run', ['run', 'key'])
        .execute()
      const columns = sql`p.run, p.key, p.step, p.at, p.value, p.is_nan, p.model, p.dataset_name, p.dataset_digest`
      await sql`insert into tracking_metrics select ${columns} from tracking_metrics_before as p`.execute(db)
      await sql`insert into tracking_latest_metrics
        select ${columns}, r.experiment,
          (select min(h.value) from tracking_metrics as h where h.run = p.run and h.key = p.key and h.is_nan = 0),
          (select max(h.value) from tracking_metrics as h where h.run = p.run and h.key = p.key and h.is_nan = 0)
        from tracking_latest_metrics_before as p join tracking_runs as r on r.id = p.run`.execute(db)
      for (const table of ['tracking_metrics', 'tracking_latest_metrics'])
        await db.schema.dropTable(`${table}_before`).execute()
      await sql`create index tracking_latest_metrics_by_value
        on tracking_latest_metrics (experiment, key, is_nan, value, run)`.execute(db)
      await sql`create index tracking_latest_metrics_of_model
        on tracking_latest_metrics (model) where model is not null`.execute(db)
    },
  },
  {
    name: 'tracking-imports',
    up: async (db) => {
      await db.schema
        .createTable('tracking_imports')
        .addColumn('source', 'text', (c) => c.notNull())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('source_id', 'text', (c) => c.notNull())
        .addColumn('id', 'text', (c) => c.notNull())
        .addColumn('mark', 'text')
        .addPrimaryKeyConstraint('tracking_imports_key', ['source', 'kind', 'source_id'])
        .execute()
      await db.schema.createIndex('tracking_imports_by_id').on('tracking_imports').columns(['id']).execute()
    },
  },
  {
    name: 'tracking-004-points-of-models',
    up: async (db) => {
      // A run measures many models, so its latest value of a metric is that of one of them only.
      await sql`create index tracking_metrics_of_model on tracking_metrics (model) where model is not null`.execute(db)
    },
  },
]
