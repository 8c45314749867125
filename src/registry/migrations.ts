import { sql } from 'kysely'
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
  {
    name: 'registry-002-versions-of-clients',
    up: async (db, { identity, identityType }) => {
      // SQLite changes no column: tables beside the old ones, which take their names in the end.
      await db.schema
        .createTable('registry_models_2')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text')
        .addColumn('description', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createTable('registry_versions_2')
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models_2.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('project', 'text')
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('stage', 'text', (c) => c.notNull())
        .addColumn('description', 'text', (c) => c.notNull())
        .addColumn('registered_by', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .addColumn('source', 'text', (c) => c.notNull())
        .addColumn('location', 'text', (c) => c.notNull())
        .addColumn('run', 'text')
        .addColumn('logged_model', 'text')
        .addColumn('pipeline_run', 'text', (c) => c.unique())
        .addColumn('data_version', 'text')
        .addColumn('facts', 'text', (c) => c.notNull())
        .addColumn('report', 'text')
        .addColumn('baseline', 'text')
        .addColumn('certification', 'text')
        .addColumn('deleted_at', 'bigint')
        .addPrimaryKeyConstraint('registry_versions_by_model', ['model', 'version'])
        .execute()
      await db.schema
        .createTable('registry_aliases_2')
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models_2.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('alias', 'text', (c) => c.notNull())
        .addColumn('version', 'integer', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_aliases_by_model', ['model', 'alias'])
        .execute()
      await sql`
        insert into registry_models_2 (name, project, description, created_at, updated_at)
        select name, project, '', coalesce((select min(created_at) from registry_versions where model = name), updated_at), updated_at
        from registry_models
      `.execute(db)
      await sql`
        insert into registry_versions_2 (model, version, project, state, stage, description, registered_by, created_at,
          updated_at, source, location, run, logged_model, pipeline_run, data_version, facts, report, baseline, certification, deleted_at)
        select v.model, v.version, v.project, v.state,
          case when exists (select 1 from registry_aliases a where a.model = v.model and a.version = v.version and a.alias = 'champion')
            then 'production' when v.state in ('production', 'rolled_back') then 'archived' else 'none' end,
          '', 'orrery', v.created_at, v.created_at, 'runs:/' || v.run || '/model', 'runs:/' || v.run || '/model', v.run, null, v.pipeline_run, v.data_version,
          v.facts, v.report, v.baseline, v.certification, null
        from registry_versions v
      `.execute(db)
      await sql`
        insert into registry_aliases_2 (model, alias, version) select model, alias, version from registry_aliases
      `.execute(db)
      for (const table of ['registry_aliases', 'registry_versions', 'registry_models']) {
        await db.schema.dropTable(table).execute()
        await db.schema.alterTable(`${table}_2`).renameTo(table).execute()
      }
      await db.schema.createIndex('registry_versions_by_run').on('registry_versions').column('run').execute()
      await db.schema
        .createIndex('registry_versions_by_logged_model')
        .on('registry_versions')
        .column('logged_model')
        .execute()
      await db.schema
        .createTable('registry_model_tags')
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('key', 'text', (c) => c.notNull())
        .addColumn('value', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_model_tags_key', ['model', 'key'])
        .execute()
      await db.schema
        .createTable('registry_version_tags')
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('key', 'text', (c) => c.notNull())
        .addColumn('value', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_version_tags_key', ['model', 'version', 'key'])
        .execute()
      await db.schema
        .createTable('registry_service_periods')
        .addColumn('id', identityType, identity)
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('served_as', 'text', (c) => c.notNull())
        .addColumn('since', 'bigint', (c) => c.notNull())
        .addColumn('until', 'bigint')
        .addColumn('set_by', 'text', (c) => c.notNull())
        .addColumn('why', 'text', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('registry_service_periods_by_model')
        .on('registry_service_periods')
        .columns(['model', 'since'])
        .execute()
      await sql`
        insert into registry_service_periods (model, version, served_as, since, until, set_by, why)
        select a.model, a.version, 'champion', v.created_at, null, 'orrery', 'in service when the history began; it was made then'
        from registry_aliases a join registry_versions v on v.model = a.model and v.version = a.version
        where a.alias = 'champion'
      `.execute(db)
    },
  },
  {
    name: 'registry-003-signatures',
    up: async (db, { identity, identityType }) => {
      await db.schema
        .createTable('registry_signatures')
        .addColumn('id', identityType, identity)
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('signed_by', 'text', (c) => c.notNull())
        .addColumn('role', 'text', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('note', 'text', (c) => c.notNull())
        .addColumn('automatic', 'integer', (c) => c.notNull())
        .addColumn('report', 'text', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('registry_signatures_by_version')
        .on('registry_signatures')
        .columns(['model', 'version'])
        .execute()
      await db.schema
        .createTable('registry_staging')
        .addColumn('model', 'text', (c) =>
          c.notNull().references('registry_models.name').onUpdate('cascade').onDelete('cascade'),
        )
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('at', 'bigint', (c) => c.notNull())
        .addColumn('report', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('registry_staging_key', ['model', 'version'])
        .execute()
    },
  },
]
