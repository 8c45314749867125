import { decodeJson, encodeJson, type Migration, type Storage, type Tx, tables } from '#platform/storage'
import type { SourceCheck } from './contract.ts'
import type { Validators } from './unchanged.ts'

interface SourceTables {
  data_source_checks: { project: string; dataset: string; body: string; checked_at: number }
  data_source_polls: { project: string; dataset: string; polled_at: number; validators: string | null }
  data_uploads: {
    id: string
    project: string
    dataset: string
    name: string
    blob_hash: string
    bytes: number
    by_whom: string
    created_at: number
    version: string | null
    failed: number
  }
}

export const sourceMigrations: readonly Migration[] = [
  {
    name: 'data-sources-001-checks-polls-uploads',
    up: async (db) => {
      await db.schema
        .createTable('data_source_checks')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('dataset', 'text', (c) => c.notNull())
        .addColumn('body', 'text', (c) => c.notNull())
        .addColumn('checked_at', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('data_source_checks_pk', ['project', 'dataset'])
        .execute()
      await db.schema
        .createTable('data_source_polls')
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('dataset', 'text', (c) => c.notNull())
        .addColumn('polled_at', 'bigint', (c) => c.notNull())
        .addPrimaryKeyConstraint('data_source_polls_pk', ['project', 'dataset'])
        .execute()
      await db.schema
        .createTable('data_uploads')
        .addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('project', 'text', (c) => c.notNull())
        .addColumn('dataset', 'text', (c) => c.notNull())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('blob_hash', 'text', (c) => c.notNull())
        .addColumn('bytes', 'bigint', (c) => c.notNull())
        .addColumn('by_whom', 'text', (c) => c.notNull())
        .addColumn('created_at', 'bigint', (c) => c.notNull())
        .addColumn('version', 'text')
        .addColumn('failed', 'integer', (c) => c.notNull().defaultTo(0))
        .execute()
      await db.schema
        .createIndex('data_uploads_of_dataset')
        .on('data_uploads')
        .columns(['project', 'dataset', 'id'])
        .execute()
    },
  },
  {
    name: 'data-sources-002-validators',
    up: async (db) => {
      await db.schema.alterTable('data_source_polls').addColumn('validators', 'text').execute()
    },
  },
]

/** The last check of each source of a project, by data set. */
export async function checksOf(storage: Storage, project: string): Promise<Map<string, SourceCheck>> {
  const rows = await storage
    .reads<SourceTables>()
    .selectFrom('data_source_checks')
    .select(['dataset', 'body'])
    .where('project', '=', project)
    .execute()
  return new Map(rows.map((row) => [row.dataset, decodeJson<SourceCheck>(row.body)]))
}

export async function keepCheck(tx: Tx, project: string, dataset: string, check: SourceCheck): Promise<void> {
  const kept = { body: encodeJson(check), checked_at: check.checkedAt }
  await tables<SourceTables>(tx)
    .insertInto('data_source_checks')
    .values({ project, dataset, ...kept })
    .onConflict((c) => c.columns(['project', 'dataset']).doUpdateSet(kept))
    .execute()
}

/** When a source was read last because its time had come; `undefined` before the first. */
export async function polledAt(storage: Storage, project: string, dataset: string): Promise<number | undefined> {
  const row = await pollOf(storage, project, dataset)
  return row && Number(row.polled_at)
}

const pollOf = (storage: Storage, project: string, dataset: string) =>
  storage
    .reads<SourceTables>()
    .selectFrom('data_source_polls')
    .select(['polled_at', 'validators'])
    .where('project', '=', project)
    .where('dataset', '=', dataset)
    .executeTakeFirst()

export async function keepPoll(tx: Tx, project: string, dataset: string, at: number): Promise<void> {
  await tables<SourceTables>(tx)
    .insertInto('data_source_polls')
    .values({ project, dataset, polled_at: at })
    .onConflict((c) => c.columns(['project', 'dataset']).doUpdateSet({ polled_at: at }))
    .execute()
}

/** What a polled URL said of its content when it was read last. */
export async function validatorsOf(
  storage: Storage,
  project: string,
  dataset: string,
): Promise<Validators | undefined> {
  const row = await pollOf(storage, project, dataset)
  return row?.validators ? decodeJson<Validators>(row.validators) : undefined
}

/** With what was read under them; `undefined` where it says nothing. */
export async function keepValidators(
  tx: Tx,
  project: string,
  dataset: string,
  validators: Validators | undefined,
): Promise<void> {
  await tables<SourceTables>(tx)
    .updateTable('data_source_polls')
    .set({ validators: validators ? encodeJson(validators) : null })
    .where('project', '=', project)
    .where('dataset', '=', dataset)
    .execute()
}

/** It is asked again soon. */
export async function dropCheck(tx: Tx, project: string, dataset: string): Promise<void> {
  await tables<SourceTables>(tx)
    .deleteFrom('data_source_checks')
    .where('project', '=', project)
    .where('dataset', '=', dataset)
    .execute()
}

export interface StoredUpload {
  id: string
  project: string
  dataset: string
  name: string
  blobHash: string
  bytes: number
  by: string
  at: number
  version: string | null
  failed: boolean
}

export async function insertUpload(tx: Tx, upload: StoredUpload): Promise<void> {
  const { id, project, dataset, name, blobHash, bytes, by, at, version } = upload
  await tables<SourceTables>(tx)
    .insertInto('data_uploads')
    .values({
      ...{ id, project, dataset, name, version },
      ...{ blob_hash: blobHash, bytes, by_whom: by, created_at: at, failed: 0 },
    })
    .execute()
}

/** What became of it. */
export async function endUpload(tx: Tx, id: string, end: { version: string } | { failed: true }): Promise<void> {
  await tables<SourceTables>(tx)
    .updateTable('data_uploads')
    .set('version' in end ? { version: end.version } : { failed: 1 })
    .where('id', '=', id)
    .execute()
}

/** Newest first. */
export async function uploadsOf(
  storage: Storage,
  project: string,
  dataset: string,
  limit: number,
  onlyGood = false,
): Promise<StoredUpload[]> {
  let query = storage
    .reads<SourceTables>()
    .selectFrom('data_uploads')
    .selectAll()
    .where('project', '=', project)
    .where('dataset', '=', dataset)
  if (onlyGood) query = query.where('failed', '=', 0)
  return (await query.orderBy('id', 'desc').limit(limit).execute()).map(uploadFrom)
}

export async function uploadById(storage: Storage, id: string): Promise<StoredUpload | undefined> {
  const row = await storage
    .reads<SourceTables>()
    .selectFrom('data_uploads')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && uploadFrom(row)
}

function uploadFrom(row: SourceTables['data_uploads']): StoredUpload {
  const { id, project, dataset, name, version } = row
  return {
    ...{ id, project, dataset, name, version },
    ...{ blobHash: row.blob_hash, bytes: Number(row.bytes), by: row.by_whom, at: Number(row.created_at) },
    failed: row.failed === 1,
  }
}
