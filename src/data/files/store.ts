import { type Storage, type Tx, tables } from '#platform/storage'
import type { FileDataset, FileVersion } from './contract.ts'

interface FileTables {
  data_file_versions: {
    id: string
    project: string
    dataset: string
    kind: 'folder' | 'file'
    version: string
    files: number
    bytes: number
    parent: string | null
    how: 'add' | 'pull' | 'import'
    added_at: number
  }
}

/** Whether it was new: the same line of the ledger is taken over once. */
export async function insertFileVersion(tx: Tx, { addedAt, ...version }: FileVersion): Promise<boolean> {
  const inserted = await tables<FileTables>(tx)
    .insertInto('data_file_versions')
    .values({ ...version, added_at: addedAt })
    .onConflict((c) => c.columns(['project', 'dataset', 'added_at', 'version']).doNothing())
    .executeTakeFirst()
  return Number(inserted.numInsertedOrUpdatedRows ?? 0) > 0
}

export async function listFileDatasets(storage: Storage, project: string): Promise<FileDataset[]> {
  const db = storage.reads<FileTables>()
  const counts = await db
    .selectFrom('data_file_versions')
    .select((e) => ['dataset', e.fn.countAll().as('versions'), e.fn.max('added_at').as('latest')])
    .where('project', '=', project)
    .groupBy('dataset')
    .orderBy('dataset')
    .execute()
  const datasets: FileDataset[] = []
  for (const { dataset, versions } of counts) {
    const [latest] = await listFileVersions(storage, project, dataset, { limit: 1, offset: 0 })
    if (latest) datasets.push({ project, name: dataset, versions: Number(versions), latest })
  }
  return datasets
}

/** Newest first. */
export async function listFileVersions(
  storage: Storage,
  project: string,
  dataset: string,
  page: { limit: number; offset: number },
): Promise<FileVersion[]> {
  const rows = await storage
    .reads<FileTables>()
    .selectFrom('data_file_versions')
    .selectAll()
    .where('project', '=', project)
    .where('dataset', '=', dataset)
    .orderBy('added_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(versionFrom)
}

export async function fileVersionById(storage: Storage, id: string): Promise<FileVersion | undefined> {
  const row = await storage
    .reads<FileTables>()
    .selectFrom('data_file_versions')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && versionFrom(row)
}

function versionFrom({ added_at, ...row }: FileTables['data_file_versions']): FileVersion {
  return { ...row, files: Number(row.files), bytes: Number(row.bytes), addedAt: Number(added_at) }
}
