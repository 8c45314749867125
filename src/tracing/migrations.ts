import type { Migration } from '#platform/storage'

export const tracingMigrations: readonly Migration[] = [
  {
    name: 'tracing-001-traces',
    up: async (db) => {
      await db.schema
        .createTable('tracing_traces')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('experiment', 'text', (c) => c.notNull())
        .addColumn('name', 'text')
        .addColumn('run', 'text')
        .addColumn('session', 'text')
        .addColumn('client_request_id', 'text')
        .addColumn('state', 'text', (c) => c.notNull())
        .addColumn('started_at', 'bigint', (c) => c.notNull())
        .addColumn('duration_ms', 'bigint')
        .addColumn('request', 'text')
        .addColumn('response', 'text')
        .addColumn('input_tokens', 'bigint')
        .addColumn('output_tokens', 'bigint')
        .addColumn('total_tokens', 'bigint')
        .addColumn('spans', 'integer', (c) => c.notNull())
        .addColumn('described', 'integer', (c) => c.notNull())
        .addColumn('tokens_told', 'integer', (c) => c.notNull())
        .execute()
      const index = (columns: string[]) =>
        db.schema.createIndex(`tracing_traces_by_${columns[0]}`).on('tracing_traces').columns(columns).execute()
      await index(['experiment', 'started_at'])
      await index(['started_at'])
      await index(['run'])
      await index(['session'])

      for (const table of ['tracing_tags', 'tracing_metadata']) {
        await db.schema
          .createTable(table)
          .addColumn('trace', 'text', (c) => c.notNull().references('tracing_traces.id').onDelete('cascade'))
          .addColumn('key', 'text', (c) => c.notNull())
          .addColumn('value', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint(`${table}_key`, ['trace', 'key'])
          .execute()
      }

      await db.schema
        .createTable('tracing_spans')
        .addColumn('trace', 'text', (c) => c.notNull().references('tracing_traces.id').onDelete('cascade'))
        .addColumn('id', 'text', (c) => c.notNull())
        .addColumn('parent', 'text')
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('type', 'text', (c) => c.notNull())
        .addColumn('status', 'text', (c) => c.notNull())
        .addColumn('message', 'text', (c) => c.notNull())
        .addColumn('started_ns', 'text', (c) => c.notNull())
        .addColumn('ended_ns', 'text')
        .addColumn('inputs_key', 'text')
        .addColumn('outputs_key', 'text')
        .addColumn('input_tokens', 'bigint')
        .addColumn('output_tokens', 'bigint')
        .addColumn('total_tokens', 'bigint')
        .addColumn('attributes', 'text', (c) => c.notNull())
        .addColumn('events', 'text', (c) => c.notNull())
        .addColumn('links', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracing_spans_key', ['trace', 'id'])
        .execute()

      await db.schema
        .createTable('tracing_assessments')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('trace', 'text', (c) => c.notNull().references('tracing_traces.id').onDelete('cascade'))
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('span', 'text')
        .addColumn('source_type', 'text', (c) => c.notNull())
        .addColumn('source_id', 'text', (c) => c.notNull())
        .addColumn('value', 'text', (c) => c.notNull())
        .addColumn('number', 'double precision')
        .addColumn('error', 'text', (c) => c.notNull())
        .addColumn('rationale', 'text')
        .addColumn('metadata', 'text', (c) => c.notNull())
        .addColumn('overrides', 'text')
        .addColumn('valid', 'integer', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('updated_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('tracing_assessments_by_trace')
        .on('tracing_assessments')
        .columns(['trace', 'name'])
        .execute()

      await db.schema
        .createTable('tracing_links')
        .addColumn('trace', 'text', (c) => c.notNull().references('tracing_traces.id').onDelete('cascade'))
        .addColumn('kind', 'text', (c) => c.notNull())
        .addColumn('target', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracing_links_key', ['kind', 'target', 'trace'])
        .execute()
      await db.schema.createIndex('tracing_links_by_trace').on('tracing_links').columns(['trace']).execute()

      await db.schema
        .createTable('tracing_attachments')
        .addColumn('trace', 'text', (c) => c.notNull().references('tracing_traces.id').onDelete('cascade'))
        .addColumn('path', 'text', (c) => c.notNull())
        .addColumn('hash', 'text', (c) => c.notNull())
        .addColumn('size', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('tracing_attachments_key', ['trace', 'path'])
        .execute()
    },
  },
]
