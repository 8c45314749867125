import { stat } from 'node:fs/promises'
import { ulid } from 'ulid'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage } from '#platform/storage'
import type { FileDataset, FileVersion } from './contract.ts'
import { VersionNotFound } from './errors.ts'
import { type LedgerLine, readLedger } from './ledger.ts'
import { type Entry, readManifest } from './manifest.ts'
import { fileVersionById, insertFileVersion, listFileDatasets, listFileVersions } from './store.ts'

interface Page {
  limit: number
  offset: number
}

/** The server's view of datasets that commands made, beside it, in the home they share. */
export interface FileDatasets {
  datasets(project: string): Promise<FileDataset[]>
  /** Newest first. */
  versions(project: string, dataset: string, page: Page): Promise<FileVersion[]>
  files(version: string, page: Page): Promise<Entry[]>
  version(id: string): Promise<FileVersion | undefined>
}

/** @param needs.ledger what commands append to; read whenever it has grown, since they tell nobody else */
export function openFileDatasets(needs: {
  storage: Storage
  blobs: Blobs
  events: Events
  ledger: string
}): FileDatasets {
  const { storage, blobs, events, ledger } = needs
  let taken = -1

  async function takeOver(): Promise<void> {
    const size = await stat(ledger).then(
      (stats) => stats.size,
      () => 0,
    )
    if (size === taken) return
    const lines = size === 0 ? [] : readLedger(ledger)
    await storage.write(async (tx) => {
      for (const line of lines) {
        const version = versionFrom(line)
        if (await insertFileVersion(tx, version)) await events.publish(tx, filesAdded(version))
      }
    })
    taken = size
  }

  return {
    datasets: async (project) => {
      await takeOver()
      return listFileDatasets(storage, project)
    },
    versions: async (project, dataset, page) => {
      await takeOver()
      return listFileVersions(storage, project, dataset, page)
    },
    version: (id) => fileVersionById(storage, id),
    files: async (id, { limit, offset }) => {
      const version = await fileVersionById(storage, id)
      if (!version) throw new VersionNotFound(id, 'the server knows no version with this id')
      const { kind, dataset, bytes, version: hash } = version
      if (kind === 'file')
        return offset === 0 ? [{ path: dataset, mode: 'file', size: bytes, hash: hash.slice('sha256:'.length) }] : []
      return readManifest((await blobs.get(hash)).toString('utf8'), hash).slice(offset, offset + limit)
    },
  }
}

function versionFrom({ dataset, project, kind, version, files, bytes, parent, how, at }: LedgerLine): FileVersion {
  return { id: ulid(at), project, dataset, kind, version, files, bytes, parent, how, addedAt: at }
}

/** Without its hash: what the database mentions, garbage collection keeps. */
function filesAdded({ id, project, dataset, kind, files, bytes, how }: FileVersion) {
  return { type: 'data.files_added', project, subject: id, data: { dataset, kind, files, bytes, how } }
}
