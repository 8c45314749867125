import { createHash } from 'node:crypto'
import { ulid } from 'ulid'
import type { Blobs, StoredBlob } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { DataLineage, Dataset, DataVersion, DataVersionSummary, Preview, SourceDescriptor } from './contract.ts'
import { DatasetUnknown, DataVersionUnknown } from './errors.ts'
import { versionCreated } from './events.ts'
import { traceBack } from './lineage.ts'
import {
  ensureDataset,
  hasDataset,
  idOfVersion,
  insertVersion,
  listDatasets,
  listVersions,
  nextNumber,
  previewById,
  versionById,
  versionByIdIn,
  versionWithIdentity,
} from './store.ts'
import type { StoredTable } from './store-table.ts'

/** What a table becomes a version with: what `ingestTable` or `appendRows` returned, and its Parquet file as a blob. */
export type NewDataVersion = Omit<StoredTable, 'parquetPath' | 'bytes' | 'setAside'> & {
  project: string
  dataset: string
  blob: StoredBlob
  /** The rows that were set aside, as a blob. */
  quarantine?: DataVersion['quarantine']
  source: SourceDescriptor
  /** The version that rows were added to. */
  parent?: string | null
}

export interface Data {
  datasets(project: string): Promise<Dataset[]>
  /** Newest first. */
  versions(project: string, dataset: string, page: { limit: number; offset: number }): Promise<DataVersionSummary[]>
  /** The newest version; `undefined` when there is none yet. */
  latest(project: string, dataset: string): Promise<DataVersionSummary | undefined>
  version(id: string): Promise<DataVersion>
  /** All that a version was made of. */
  lineage(id: string): Promise<DataLineage>
  /** @throws DatasetUnknown, DataVersionUnknown */
  numbered(project: string, dataset: string, number: number | 'latest'): Promise<DataVersion>
  preview(id: string): Promise<Preview>
  /**
   * Makes the next version of a dataset, and the dataset with its first. The same table, split and types as an existing
   * version of the dataset give that version: nothing is written, so it may be called again after a crash.
   */
  registerVersion(tx: Tx, version: NewDataVersion): Promise<DataVersion>
  /** The version's Parquet file, verified; for reading, here or in a child process. */
  readPath(version: Pick<DataVersion, 'blobHash'>): Promise<string>
}

export function openData(needs: { storage: Storage; blobs: Blobs; events: Events; clock: Clock }): Data {
  const { storage, blobs, events, clock } = needs
  const versionOf = async (id: string): Promise<DataVersion> => {
    const version = await versionById(storage, id)
    if (!version) throw new DataVersionUnknown(id)
    return version
  }
  return {
    datasets: (project) => listDatasets(storage, project),
    versions: async (project, dataset, page) => {
      const versions = await listVersions(storage, project, dataset, page)
      if (versions.length === 0 && !(await hasDataset(storage, project, dataset)))
        throw new DatasetUnknown(project, dataset)
      return versions
    },
    latest: async (project, dataset) => (await listVersions(storage, project, dataset, { limit: 1, offset: 0 }))[0],
    version: versionOf,
    lineage: async (id) => traceBack(await versionOf(id), (of) => versionById(storage, of)),
    numbered: async (project, dataset, number) => {
      const id = await idOfVersion(storage, project, dataset, number)
      const version = id && (await versionById(storage, id))
      if (version) return version
      if (!(await hasDataset(storage, project, dataset))) throw new DatasetUnknown(project, dataset)
      throw new DataVersionUnknown(`${dataset}@${number}`)
    },
    preview: async (id) => {
      const preview = await previewById(storage, id)
      if (!preview) throw new DataVersionUnknown(id)
      return preview
    },
    registerVersion: async (tx, { project, dataset, blob, preview, parent = null, ...table }) => {
      await storage.capabilities.serialize(tx, `data_versions ${project} ${dataset}`)
      const now = clock.now()
      const datasetId = await ensureDataset(tx, { id: ulid(now), project, name: dataset, createdAt: now })
      const identity = identityOf(table)
      const existing = await versionWithIdentity(tx, datasetId, identity)
      if (existing) return (await versionByIdIn(tx, existing))!
      const { rows, contentHash, schema, profile, split, expectations, warnings, source, quarantine = null } = table
      const version: DataVersion = {
        id: ulid(now),
        project,
        dataset,
        number: await nextNumber(tx, datasetId),
        rows,
        columns: schema.columns.length,
        contentHash,
        parent,
        createdAt: now,
        source,
        blobHash: blob.hash,
        bytes: blob.size,
        schema,
        profile,
        split,
        expectations,
        warnings,
        quarantine,
      }
      await insertVersion(tx, version, { datasetId, identity, preview })
      await events.publish(tx, versionCreated(version))
      return version
    },
    readPath: (version) => blobs.path(version.blobHash),
  }
}

/** What versions of a dataset are told apart by: the rows, how they are split, what they are read as, what is predicted. */
function identityOf({
  contentHash,
  split,
  schema,
  profile,
}: Pick<StoredTable, 'contentHash' | 'split' | 'schema' | 'profile'>): string {
  const label = profile.label && [profile.label.column, profile.label.task, profile.label.classes]
  const types = schema.columns.map((column) => [column.name, column.type])
  const facts = JSON.stringify([contentHash, split?.hash ?? null, types, label])
  return createHash('sha256').update(facts).digest('hex')
}
