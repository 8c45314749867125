import type { Migration } from '#platform/storage'

export const servingMigrations: readonly Migration[] = [
  {
    name: 'serving-001-prediction-log',
    up: async (db, { identity, identityType }) => {
      await db.schema
        .createTable('serving_predictions')
        .addColumn('seq', identityType, identity)
        .addColumn('id', 'text', (c) => c.notNull())
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('model', 'text', (c) => c.notNull())
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('route', 'text', (c) => c.notNull())
        .addColumn('event_time', 'bigint', (c) => c.notNull())
        .addColumn('received_at', 'bigint', (c) => c.notNull())
        .addColumn('latency_us', 'integer', (c) => c.notNull())
        .addColumn('inputs', 'text', (c) => c.notNull())
        .addColumn('value', 'double precision', (c) => c.notNull())
        .addColumn('label', 'text')
        .addColumn('probabilities', 'text')
        .addColumn('scores', 'text', (c) => c.notNull())
        .addColumn('weights', 'text', (c) => c.notNull())
        .execute()
      await db.schema.createIndex('serving_predictions_by_id').on('serving_predictions').column('id').unique().execute()
      await db.schema
        .createIndex('serving_predictions_by_event_time')
        .on('serving_predictions')
        .columns(['endpoint', 'event_time', 'seq'])
        .execute()
      await db.schema
        .createIndex('serving_predictions_by_endpoint')
        .on('serving_predictions')
        .columns(['endpoint', 'seq'])
        .execute()
      // A label that came before its prediction has no endpoint yet. `seq` is the order in which labels were joined:
      // joining a waiting label gives it a new one.
      await db.schema
        .createTable('serving_ground_truth')
        .addColumn('seq', identityType, identity)
        .addColumn('prediction_id', 'text', (c) => c.notNull())
        .addColumn('endpoint', 'text')
        .addColumn('label', 'text', (c) => c.notNull())
        .addColumn('event_time', 'bigint')
        .addColumn('received_at', 'bigint', (c) => c.notNull())
        .addColumn('corrections', 'integer', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('serving_ground_truth_by_prediction')
        .on('serving_ground_truth')
        .column('prediction_id')
        .unique()
        .execute()
      await db.schema
        .createIndex('serving_ground_truth_by_endpoint')
        .on('serving_ground_truth')
        .columns(['endpoint', 'seq'])
        .execute()
      // Counting a log of millions of rows takes a second; adding to a number does not.
      await db.schema
        .createTable('serving_totals')
        .addColumn('endpoint', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('predictions', 'bigint', (c) => c.notNull())
        .addColumn('labelled', 'bigint', (c) => c.notNull())
        .addColumn('repeated', 'bigint', (c) => c.notNull())
        .addColumn('corrected', 'bigint', (c) => c.notNull())
        .addColumn('watermark', 'bigint', (c) => c.notNull())
        .execute()
    },
  },
  {
    name: 'serving-002-segments',
    up: async (db, { clustered }) => {
      await db.schema
        .createTable('serving_segments')
        .addColumn('id', 'bigint', (c) => c.primaryKey())
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('last_seq', 'bigint', (c) => c.notNull())
        .addColumn('rows', 'integer', (c) => c.notNull())
        .addColumn('first_event_time', 'bigint', (c) => c.notNull())
        .addColumn('last_event_time', 'bigint', (c) => c.notNull())
        .addColumn('first_received_at', 'bigint', (c) => c.notNull())
        .addColumn('last_received_at', 'bigint', (c) => c.notNull())
        .addColumn('blob', 'text', (c) => c.notNull())
        .addColumn('bytes', 'bigint', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('serving_segments_by_endpoint')
        .on('serving_segments')
        .columns(['endpoint', 'id'])
        .execute()
      // Not the id itself: twenty bytes a prediction instead of sixty, for as long as the log is kept.
      await db.schema
        .createTable('serving_archived')
        .addColumn('key', 'text', (c) => c.notNull())
        .addColumn('segment', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('serving_archived_key', ['key', 'segment'])
        .modifyEnd(clustered as never)
        .execute()
    },
  },
  {
    name: 'serving-003-failures',
    up: async (db, { identity, identityType }) => {
      await db.schema
        .createTable('serving_failures')
        .addColumn('seq', identityType, identity)
        .addColumn('endpoint', 'text', (c) => c.notNull())
        .addColumn('request_id', 'text')
        .addColumn('received_at', 'bigint', (c) => c.notNull())
        .addColumn('latency_us', 'integer', (c) => c.notNull())
        .addColumn('code', 'text', (c) => c.notNull())
        .addColumn('status', 'integer', (c) => c.notNull())
        .addColumn('message', 'text', (c) => c.notNull())
        .addColumn('records', 'integer', (c) => c.notNull())
        .addColumn('inputs', 'text', (c) => c.notNull())
        .execute()
      await db.schema
        .createIndex('serving_failures_by_endpoint')
        .on('serving_failures')
        .columns(['endpoint', 'seq'])
        .execute()
    },
  },
  {
    name: 'serving-004-feedback',
    up: async (db, { identity, identityType }) => {
      await db.schema
        .createTable('serving_feedback')
        .addColumn('seq', identityType, identity)
        .addColumn('id', 'text', (c) => c.notNull().unique())
        .addColumn('prediction_id', 'text')
        .addColumn('endpoint', 'text')
        .addColumn('version', 'integer')
        .addColumn('rating', 'double precision')
        .addColumn('value', 'text')
        .addColumn('agrees', 'integer')
        .addColumn('comment', 'text')
        .addColumn('person', 'text')
        .addColumn('sender', 'text')
        .addColumn('tags', 'text')
        .addColumn('given_at', 'bigint', (c) => c.notNull())
        .addColumn('received_at', 'bigint', (c) => c.notNull())
        .addColumn('answered_at', 'bigint')
        .addColumn('replaced', 'integer', (c) => c.notNull())
        .execute()
      // What waits for its prediction has no endpoint, and is found at one end of this index.
      await db.schema
        .createIndex('serving_feedback_by_endpoint')
        .on('serving_feedback')
        .columns(['endpoint', 'seq'])
        .execute()
      await db.schema
        .createIndex('serving_feedback_by_prediction')
        .on('serving_feedback')
        .column('prediction_id')
        .execute()
    },
  },
  {
    name: 'serving-005-journal',
    up: async (db) => {
      await db.schema
        .createTable('serving_journal')
        .addColumn('segment', 'text', (c) => c.primaryKey())
        .addColumn('moved', 'bigint', (c) => c.notNull())
        .execute()
    },
  },
]
