import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { entriesOf, type Place, projectOf } from './dataset.ts'
import { deposit } from './deposit.ts'
import { inWords } from './disk-errors.ts'
import { RemoteLacks, RemoteLies, VersionIncomplete } from './errors.ts'
import type { DataHome } from './home.ts'
import { appendLedger, readLedger } from './ledger.ts'
import type { Pointer } from './pointer.ts'
import type { Blob, Moved, Remote } from './remotes/remote.ts'
import { isStored, type Source } from './stage.ts'
import { factsOf } from './walk.ts'

/** Fetched before they are named: what a kill loses. */
const FETCH_FILES = 5000
const FETCH_BYTES = 4e9

export interface Transferred {
  readonly dataset: string
  readonly version: string
  readonly files: number
  readonly bytes: number
  /** Blobs that were there already. */
  readonly present: number
}

export interface TransferRequest {
  /** How much of how much was moved. */
  progress?: (at: { files: number; bytes: number; ofFiles: number; ofBytes: number }) => void
  /** Ask for every blob, also where the remote has the version's list of files. */
  verify?: boolean | undefined
}

const hexOf = (version: string) => version.slice('sha256:'.length)

/** The blobs of a version, each once, without the list of files itself. */
function blobsOf(home: DataHome, pointer: Pointer): Blob[] {
  const sizes = new Map<string, number>()
  for (const entry of entriesOf(home, pointer)) if (entry.mode !== 'link') sizes.set(entry.hash, entry.size)
  return [...sizes].map(([hash, size]) => ({ hash, size }))
}

function manifestOf(home: DataHome, { version }: Pointer): Blob {
  const hash = hexOf(version)
  return { hash, size: lstatSync(blobPlace(home.blobs, hash)).size }
}

/**
 * Sends what the remote does not have; the list of files goes last, so a remote that has it has all of the version.
 */
export async function pushVersion(
  home: DataHome,
  place: Place,
  pointer: Pointer,
  remote: Remote,
  { progress, verify = false }: TransferRequest = {},
): Promise<Transferred> {
  const store = await home.locks.using()
  try {
    if (!lstatSync(blobPlace(home.blobs, hexOf(pointer.version)), { throwIfNoEntry: false }))
      throw new VersionIncomplete(pointer.version, [place.name], PUSH_HINT)
    const { dataset, version } = { dataset: place.name, version: pointer.version }
    const last = manifestOf(home, pointer)
    if (!verify && (await remote.present([last])).has(last.hash))
      return { dataset, version, files: 0, bytes: 0, present: pointer.files }
    const blobs = blobsOf(home, pointer)
    const lost = blobs.filter(({ hash, size }) => !isStored(home.blobs, hash, size))
    if (lost.length > 0) {
      // The next add would not read again what its cache says was stored.
      rmSync(place.statCache, { force: true })
      throw new VersionIncomplete(
        version,
        lost.map(({ hash }) => hash),
        PUSH_HINT,
      )
    }
    const there = await remote.present(blobs)
    const missing = blobs.filter(({ hash }) => !there.has(hash))
    const local = (blob: Blob) => ({ ...blob, path: blobPlace(home.blobs, blob.hash) })
    await remote.put(missing.map(local), counting(missing, progress))
    if (pointer.kind === 'folder') await remote.put([local(last)], () => {})
    return { dataset, version, files: missing.length, bytes: sizeOf(missing), present: there.size }
  } finally {
    store.release()
  }
}

const PUSH_HINT = 'Add the dataset here (again), or pull it from where it is.'

/** Brings what the store does not have, verified, so that a checkout of the version is possible. */
export async function fetchVersion(
  home: DataHome,
  place: Place,
  pointer: Pointer,
  remote: Remote,
  { progress }: TransferRequest = {},
): Promise<Transferred> {
  const store = await home.locks.using()
  try {
    const { dataset, version } = { dataset: place.name, version: pointer.version }
    const list = { hash: hexOf(version), size: -1 }
    if (pointer.kind === 'folder' && !lstatSync(blobPlace(home.blobs, list.hash), { throwIfNoEntry: false }))
      await fetchBlobs(home, [list], remote, version, () => {})
    const blobs = blobsOf(home, pointer)
    const missing = blobs.filter(({ hash, size }) => !isStored(home.blobs, hash, size))
    const moved = counting(missing, progress)
    for (const chunk of chunksOf(missing)) await fetchBlobs(home, chunk, remote, version, moved)
    if (!readLedger(home.ledger).some((line) => line.dataset === dataset && line.version === version))
      appendLedger(home.ledger, {
        ...{ dataset, project: projectOf(place), repository: place.repository ?? null, kind: pointer.kind, version },
        ...{ files: pointer.files, bytes: pointer.bytes, parent: null, how: 'pull', at: Date.now() },
      })
    return { dataset, version, files: missing.length, bytes: sizeOf(missing), present: blobs.length - missing.length }
  } finally {
    store.release()
  }
}

async function fetchBlobs(home: DataHome, blobs: readonly Blob[], remote: Remote, version: string, moved: Moved) {
  const folder = mkdtempSync(join(home.arriving, 'fetch-'))
  try {
    await remote.get(blobs, folder, moved)
    const arrived = new Set(readdirSync(folder))
    const sources = blobs.flatMap(({ hash }): Source[] => {
      const absolute = join(folder, hash)
      return arrived.has(hash) ? [{ ...factsOf(lstatSync(absolute)), absolute, linkable: false, expected: hash }] : []
    })
    const lies: string[] = []
    await deposit(sources, {
      ...{ home, placement: 'move', progress: () => {} },
      stored: (outcomes) => {
        for (const [i, outcome] of outcomes) if (outcome.state !== 'stored') lies.push(sources[i]!.expected!)
      },
    })
    if (lies.length > 0) throw new RemoteLies(remote.url, lies)
    const lacking = blobs.filter(({ hash }) => !arrived.has(hash))
    if (lacking.length > 0)
      throw new RemoteLacks(
        remote.url,
        version,
        lacking.map(({ hash }) => hash),
      )
  } catch (error) {
    throw inWords(error, home.folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function chunksOf(blobs: readonly Blob[]): Blob[][] {
  const chunks: Blob[][] = []
  let bytes = 0
  for (const blob of blobs) {
    const last = chunks.at(-1)
    if (last && last.length < FETCH_FILES && bytes + blob.size <= FETCH_BYTES) last.push(blob)
    else {
      chunks.push([blob])
      bytes = 0
    }
    bytes += blob.size
  }
  return chunks
}

const sizeOf = (blobs: readonly Blob[]) => blobs.reduce((sum, { size }) => sum + size, 0)

function counting(blobs: readonly Blob[], progress: TransferRequest['progress']): Moved {
  const at = { files: 0, bytes: 0, ofFiles: blobs.length, ofBytes: sizeOf(blobs) }
  return (files, bytes) => {
    at.files += files
    at.bytes += bytes
    progress?.(at)
  }
}
