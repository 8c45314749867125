import { lstatSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Changes, changesSince, lastOf } from './changes.ts'
import { checkPlace, type Place, pointerAt, projectOf, savePointer } from './dataset.ts'
import { deposit } from './deposit.ts'
import { writeWhole } from './durable.ts'
import { FilesKeptChanging, FilesNotTaken, NothingToAdd } from './errors.ts'
import { refuseTracked } from './git.ts'
import type { DataHome } from './home.ts'
import { appendLedger } from './ledger.ts'
import { type Entry, writeManifest } from './manifest.ts'
import { choosePlacement } from './placement.ts'
import type { Pointer } from './pointer.ts'
import { putBlob } from './put-blob.ts'
import type { Placement } from './stage.ts'
import { encodeStatCache, type Known, readStatCache, type StatCache } from './stat-cache.ts'
import { type FoundFile, foldersChanged, found, sameFacts, type Tree, walkTree } from './walk.ts'

/** What is written to while it is read is read again so many times. */
const ROUNDS = 4
const ROUND_WAIT_MS = 250
/** The stat cache of what is stored so far is written this often, and for at most a tenth of the time. */
const REMEMBER_MS = 2000
const REMEMBER_SHARE = 0.1

export interface AddRequest {
  placement?: Placement | undefined
  /** How far it is: files and bytes read of all that have to be. */
  progress?: (at: { files: number; bytes: number; ofFiles: number; ofBytes: number }) => void
}

export interface Added {
  readonly dataset: string
  readonly pointer: string
  readonly kind: 'folder' | 'file'
  readonly version: string
  readonly previous: string | null
  readonly files: number
  readonly bytes: number
  /** Against what was here at the last add. */
  readonly changes: Changes
  /** Files and bytes that were read, because the stat cache did not know them. */
  readonly read: { readonly files: number; readonly bytes: number }
  /** Bytes the store did not have. */
  readonly newBytes: number
  readonly placement: Placement | null
}

/** Makes what is at a place a version: durable, and named in the pointer file, when it resolves. */
export async function addDataset(home: DataHome, place: Place, request: AddRequest = {}): Promise<Added> {
  if (!lstatSync(place.path, { throwIfNoEntry: false })) throw new NothingToAdd(place.name)
  checkPlace(place, home)
  const before = pointerAt(place)
  if (!before && place.repository) await refuseTracked(place)
  const dataset = await home.locks.dataset(place.path)
  const store = await home.locks.using()
  try {
    const cache = readStatCache(place.statCache)
    const taken = await takeAll(home, place, cache, request)
    const entries = entriesFrom(taken)
    const bytes = entries.reduce((sum, entry) => sum + entry.size, 0)
    const kind = taken.isFile ? 'file' : 'folder'
    const hash = taken.isFile ? entries[0]!.hash : putBlob(home, Buffer.from(writeManifest(entries)))
    const pointer: Pointer = {
      ...{ path: basename(place.path), kind, version: `sha256:${hash}`, files: entries.length, bytes },
      ...(taken.isFile && entries[0]!.mode === 'executable' && { executable: true }),
    }
    const links = new Map(taken.tree.links.map(({ path, target }) => [path, target]))
    if (taken.dirty || !sameLinks(links, cache.links))
      writeWhole(place.statCache, encodeStatCache(taken.known, links, taken.readAt))
    if (before?.version !== pointer.version)
      appendLedger(home.ledger, {
        ...{ dataset: place.name, project: projectOf(place), repository: place.repository ?? null },
        ...{ kind, version: pointer.version },
        ...{ files: entries.length, bytes, parent: before?.version ?? null, how: 'add', at: Date.now() },
      })
    savePointer(place, pointer)
    return {
      ...{ dataset: place.name, pointer: place.pointerFile, kind, version: pointer.version },
      ...{
        previous: before?.version ?? null,
        files: entries.length,
        bytes,
        changes: changesSince(lastOf(home, before, cache), taken.known, links),
      },
      ...{ read: taken.read, newBytes: taken.newBytes, placement: taken.placement },
    }
  } finally {
    store.release()
    dataset.release()
  }
}

interface Taken {
  isFile: boolean
  tree: Tree
  known: Map<string, Known>
  readAt: number
  /** The stat cache on disk says less than `known`. */
  dirty: boolean
  read: { files: number; bytes: number }
  newBytes: number
  placement: Placement | null
}

/** Reads until nothing changed while it was read. */
async function takeAll(home: DataHome, place: Place, cache: StatCache, request: AddRequest): Promise<Taken> {
  const taken: Taken = {
    ...{ isFile: !lstatSync(place.path).isDirectory(), tree: treeAt(place.path), known: new Map(), readAt: 0 },
    ...{ dirty: false, read: { files: 0, bytes: 0 }, newBytes: 0, placement: null },
  }
  let changing: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) {
      await sleep(ROUND_WAIT_MS * round)
      taken.tree = treeAt(place.path)
    }
    if (taken.tree.refused.length > 0) throw new FilesNotTaken(place.name, taken.tree.refused)
    const unknown = recognise(taken, cache)
    changing = await take(home, place, unknown, round, taken, request)
    changing.push(...foldersChanged(place.path, taken.tree))
    if (changing.length === 0) return taken
  }
  throw new FilesKeptChanging(place.name, changing)
}

/** A folder with all below it; of a single file, the file as the only one, without a path. */
function treeAt(path: string): Tree {
  const stats = lstatSync(path)
  if (stats.isDirectory()) return walkTree(path)
  const refused = stats.isFile() ? [] : [{ path: basename(path), why: 'neither file, folder nor symbolic link' }]
  return { files: [found('', stats)], links: [], refused, folders: new Map() }
}

/** Takes over what was read before and has not changed; returns the others. */
function recognise(taken: Taken, cache: StatCache): FoundFile[] {
  const { tree, known: earlier } = taken
  const known = new Map<string, Known>()
  const unknown: FoundFile[] = []
  for (const file of tree.files) {
    const read = earlier.get(file.path)
    const hash = read && sameFacts(read, file) ? read.hash : cache.hashOf(file.path, file)
    if (hash === undefined) unknown.push(file)
    else known.set(file.path, { ...facts(file), hash })
  }
  taken.known = known
  taken.dirty ||= unknown.length > 0 || known.size !== cache.paths.length
  return unknown
}

const facts = ({ size, mtime, ctime, inode }: FoundFile) => ({ size, mtime, ctime, inode })

/** Puts files into the store; returns those that changed meanwhile. */
async function take(
  home: DataHome,
  place: Place,
  unknown: FoundFile[],
  round: number,
  taken: Taken,
  { placement, progress }: AddRequest,
): Promise<string[]> {
  const absolute = (path: string) => (path === '' ? place.path : `${place.path}/${path}`)
  taken.readAt = Date.now()
  if (unknown.length === 0) return []
  // What could not be linked the first time is copied.
  const how = round > 0 ? 'copy' : choosePlacement(placement, absolute(unknown[0]!.path), home.arriving)
  taken.placement ??= how
  const sources = unknown.map((file) => ({
    ...facts(file),
    absolute: absolute(file.path),
    linkable: file.names === 1 && !file.executable,
  }))
  const at = { files: 0, bytes: 0, ofFiles: unknown.length, ofBytes: unknown.reduce((sum, file) => sum + file.size, 0) }
  const changed: string[] = []
  const unreadable: { path: string; why: string }[] = []
  let rememberAt = performance.now() + REMEMBER_MS
  const remember = () => {
    const began = performance.now()
    if (began < rememberAt || taken.known.size === taken.tree.files.length) return
    writeWhole(place.statCache, encodeStatCache(taken.known, new Map(), taken.readAt))
    const ended = performance.now()
    rememberAt = ended + Math.max(REMEMBER_MS, (ended - began) / REMEMBER_SHARE)
  }
  await deposit(sources, {
    home,
    placement: how,
    progress: (files, bytes) => {
      at.files += files
      at.bytes += bytes
      progress?.(at)
    },
    stored: (outcomes) => {
      for (const [i, outcome] of outcomes) {
        const { path, size } = unknown[i]!
        if (outcome.state === 'changed') changed.push(path || place.name)
        else if (outcome.state === 'unreadable') unreadable.push({ path: path || place.name, why: outcome.why })
        else if (outcome.state === 'stored') {
          taken.known.set(path, { ...outcome.facts, hash: outcome.hash })
          if (outcome.isNew) taken.newBytes += size
        }
      }
      remember()
    },
  })
  taken.read.files += at.files
  taken.read.bytes += at.bytes
  if (unreadable.length > 0) throw new FilesNotTaken(place.name, unreadable)
  return changed
}

const sameLinks = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([path, target]) => b.get(path) === target)

function entriesFrom({ tree, known }: Taken): Entry[] {
  const files: Entry[] = tree.files.map(({ path, size, executable }) => ({
    ...{ path, mode: executable ? ('executable' as const) : ('file' as const), size, hash: known.get(path)!.hash },
  }))
  for (const { path, target } of tree.links)
    files.push({ path, mode: 'link', size: Buffer.byteLength(target), hash: '', target })
  return files
}
