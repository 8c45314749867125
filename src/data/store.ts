import type { Kysely } from 'kysely'
import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Dataset, DataVersion, DataVersionSummary, Preview } from './contract.ts'

interface DataTables {
  data_datasets: { id: string; project: string; name: string; created_at: number }
  data_versions: {
    id: string
    dataset_id: string
    number: number
    identity: string
    content_hash: string
    blob_hash: string
    bytes: number
    rows: number
    columns: number
    parent: string | null
    source: string
    schema: string
    profile: string
    split: string
    checks: string
    preview: string
    created_at: number
  }
}

/** The id of the dataset with this name, which is made if there is none. */
export async function ensureDataset(
  tx: Tx,
  dataset: { id: string; project: string; name: string; createdAt: number },
): Promise<string> {
  const { id, project, name, createdAt } = dataset
  const db = tables<DataTables>(tx)
  await db
    .insertInto('data_datasets')
    .values({ id, project, name, created_at: createdAt })
    .onConflict((c) => c.columns(['project', 'name']).doNothing())
    .execute()
  const found = await db
    .selectFrom('data_datasets')
    .select('id')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return found.id
}

/** The version of a dataset that is the same in everything a version is told apart by. */
export async function versionWithIdentity(tx: Tx, datasetId: string, identity: string): Promise<string | undefined> {
  const found = await tables<DataTables>(tx)
    .selectFrom('data_versions')
    .select('id')
    .where('dataset_id', '=', datasetId)
    .where('identity', '=', identity)
    .executeTakeFirst()
  return found?.id
}

export async function nextNumber(tx: Tx, datasetId: string): Promise<number> {
  const last = await tables<DataTables>(tx)
    .selectFrom('data_versions')
    .select((e) => e.fn.max('number').as('number'))
    .where('dataset_id', '=', datasetId)
    .executeTakeFirst()
  return Number(last?.number ?? 0) + 1
}

export async function insertVersion(
  tx: Tx,
  version: DataVersion,
  kept: { datasetId: string; identity: string; preview: Preview },
): Promise<void> {
  await tables<DataTables>(tx)
    .insertInto('data_versions')
    .values({
      id: version.id,
      dataset_id: kept.datasetId,
      number: version.number,
      identity: kept.identity,
      content_hash: version.contentHash,
      blob_hash: version.blobHash,
      bytes: version.bytes,
      rows: version.rows,
      columns: version.columns,
      parent: version.parent,
      source: encodeJson(version.source),
      schema: encodeJson(version.schema),
      profile: encodeJson(version.profile),
      split: encodeJson(version.split),
      checks: encodeJson({
        expectations: version.expectations,
        warnings: version.warnings,
        quarantine: version.quarantine ?? null,
      }),
      preview: encodeJson(kept.preview),
      created_at: version.createdAt,
    })
    .execute()
}

/** What a list shows: everything of a version but its large parts. */
const SUMMARY = [
  'data_versions.id',
  'data_versions.number',
  'data_versions.content_hash',
  'data_versions.rows',
  'data_versions.columns',
  'data_versions.parent',
  'data_versions.source',
  'data_versions.created_at',
  'data_datasets.project',
  'data_datasets.name',
] as const

export async function listDatasets(storage: Storage, project: string): Promise<Dataset[]> {
  const db = storage.reads<DataTables>()
  const datasets = await db
    .selectFrom('data_datasets')
    .selectAll()
    .where('project', '=', project)
    .orderBy('name')
    .execute()
  // Numbers have no gaps, so the latest one is also their count.
  const latest = await db
    .selectFrom('data_versions')
    .innerJoin('data_datasets', 'data_datasets.id', 'data_versions.dataset_id')
    .select(SUMMARY)
    .where('data_datasets.project', '=', project)
    .where('data_versions.number', '=', (e) =>
      e
        .selectFrom('data_versions as other')
        .select((o) => o.fn.max('other.number').as('number'))
        .whereRef('other.dataset_id', '=', 'data_versions.dataset_id'),
    )
    .execute()
  const latestOf = new Map(latest.map((row) => [row.name, summaryFrom(row)]))
  return datasets.map((dataset) => ({
    id: dataset.id,
    project: dataset.project,
    name: dataset.name,
    createdAt: Number(dataset.created_at),
    versions: latestOf.get(dataset.name)?.number ?? 0,
    latest: latestOf.get(dataset.name) ?? null,
  }))
}

export async function hasDataset(storage: Storage, project: string, dataset: string): Promise<boolean> {
  const found = await storage
    .reads<DataTables>()
    .selectFrom('data_datasets')
    .select('id')
    .where('project', '=', project)
    .where('name', '=', dataset)
    .executeTakeFirst()
  return found !== undefined
}

/** Newest first. */
export async function listVersions(
  storage: Storage,
  project: string,
  dataset: string,
  page: { limit: number; offset: number },
): Promise<DataVersionSummary[]> {
  const rows = await storage
    .reads<DataTables>()
    .selectFrom('data_versions')
    .innerJoin('data_datasets', 'data_datasets.id', 'data_versions.dataset_id')
    .select(SUMMARY)
    .where('data_datasets.project', '=', project)
    .where('data_datasets.name', '=', dataset)
    .orderBy('data_versions.number', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(summaryFrom)
}

export async function idOfVersion(
  storage: Storage,
  project: string,
  dataset: string,
  number: number | 'latest',
): Promise<string | undefined> {
  const versions = storage
    .reads<DataTables>()
    .selectFrom('data_versions')
    .innerJoin('data_datasets', 'data_datasets.id', 'data_versions.dataset_id')
    .select('data_versions.id')
    .where('data_datasets.project', '=', project)
    .where('data_datasets.name', '=', dataset)
  const found =
    number === 'latest'
      ? versions.orderBy('data_versions.number', 'desc').limit(1)
      : versions.where('data_versions.number', '=', number)
  return (await found.executeTakeFirst())?.id
}

export async function versionById(storage: Storage, id: string): Promise<DataVersion | undefined> {
  const row = await versionRows(storage.reads()).where('data_versions.id', '=', id).executeTakeFirst()
  return row && versionFrom(row)
}

export async function versionByIdIn(tx: Tx, id: string): Promise<DataVersion | undefined> {
  const row = await versionRows(tables(tx)).where('data_versions.id', '=', id).executeTakeFirst()
  return row && versionFrom(row)
}

export async function previewById(storage: Storage, id: string): Promise<Preview | undefined> {
  const row = await storage
    .reads<DataTables>()
    .selectFrom('data_versions')
    .select('preview')
    .where('id', '=', id)
    .executeTakeFirst()
  return row && decodeJson<Preview>(row.preview)
}

function versionRows(db: Kysely<DataTables>) {
  return db
    .selectFrom('data_versions')
    .innerJoin('data_datasets', 'data_datasets.id', 'data_versions.dataset_id')
    .select([
      ...SUMMARY,
      'data_versions.blob_hash',
      'data_versions.bytes',
      'data_versions.schema',
      'data_versions.profile',
      'data_versions.split',
      'data_versions.checks',
    ])
}

type SummaryRow = Pick<
  DataTables['data_versions'],
  'id' | 'number' | 'content_hash' | 'rows' | 'columns' | 'parent' | 'source' | 'created_at'
> &
  Pick<DataTables['data_datasets'], 'project' | 'name'>

function summaryFrom(row: SummaryRow): DataVersionSummary {
  return {
    id: row.id,
    project: row.project,
    dataset: row.name,
    number: row.number,
    rows: Number(row.rows),
    columns: row.columns,
    contentHash: row.content_hash,
    parent: row.parent,
    createdAt: Number(row.created_at),
    source: decodeJson(row.source),
  }
}

function versionFrom(
  row: SummaryRow &
    Pick<DataTables['data_versions'], 'blob_hash' | 'bytes' | 'schema' | 'profile' | 'split' | 'checks'>,
): DataVersion {
  return {
    ...summaryFrom(row),
    blobHash: row.blob_hash,
    bytes: Number(row.bytes),
    schema: decodeJson(row.schema),
    profile: decodeJson(row.profile),
    split: decodeJson(row.split),
    ...decodeJson<Pick<DataVersion, 'expectations' | 'warnings' | 'quarantine'>>(row.checks),
  }
}
