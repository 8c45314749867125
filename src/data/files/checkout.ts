import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { entriesOf, hasList, type Place, savePointer } from './dataset.ts'
import { writingTo } from './disk-errors.ts'
import { writeWhole } from './durable.ts'
import { UnsavedChanges, VersionIncomplete } from './errors.ts'
import type { DataHome } from './home.ts'
import { type Entry, sameEntry } from './manifest.ts'
import { choosePlacement } from './placement.ts'
import type { Pointer } from './pointer.ts'
import { isStored, type Placement } from './stage.ts'
import { encodeStatCache, type Known } from './stat-cache.ts'
import { absoluteOf, type Reading, readWorkingTree, unsavedIn, type WorkingTree } from './working-tree.ts'
import { factsOf } from './walk.ts'

export interface CheckoutRequest {
  placement?: Placement | undefined
  /** Give up what no version has. */
  force?: boolean | undefined
  progress?: (at: { files: number; ofFiles: number }) => void
  reading?: Reading | undefined
}

export interface CheckedOut {
  readonly dataset: string
  readonly version: string
  readonly written: number
  readonly removed: number
  readonly unchanged: number
  readonly placement: Placement | null
}

const READ_ONLY = 0o444
const PULL_HINT = 'Bring them with `orrery data pull` (--version for another one than the pointer file names).'

/**
 * Makes a working tree what a version is. What it would replace or remove is either in the store or named in a refusal,
 * and each file comes by a rename, so that being killed leaves every file whole.
 */
export async function checkoutDataset(
  home: DataHome,
  place: Place,
  pointer: Pointer,
  { placement: asked, force = false, progress, reading }: CheckoutRequest = {},
): Promise<CheckedOut> {
  const dataset = await home.locks.dataset(place.path)
  const store = await home.locks.using()
  try {
    if (!hasList(home, pointer)) throw new VersionIncomplete(pointer.version, [place.name], PULL_HINT)
    const wanted = new Map(entriesOf(home, pointer).map((entry) => [entry.path, entry]))
    const missing = [...wanted.values()].filter(
      (entry) => entry.mode !== 'link' && !isStored(home.blobs, entry.hash, entry.size),
    )
    if (missing.length > 0)
      throw new VersionIncomplete(
        pointer.version,
        missing.map((entry) => entry.path || place.name),
        PULL_HINT,
      )
    const working = readWorkingTree(place, reading)
    if (!force) {
      const unsaved = unsavedIn(place, working, home, wanted)
      if (unsaved.length > 0) throw new UnsavedChanges(place.name, unsaved)
    }
    return await writingTo(dirname(place.path), async () => {
      const removed = removeOthers(place, working, wanted, pointer.kind)
      const toWrite = [...wanted.values()].filter((entry) => !isThere(entry, working))
      const { placement, known } = writeAll(home, place, toWrite, asked, (files) =>
        progress?.({ files, ofFiles: toWrite.length }),
      )
      for (const [path, entry] of working.known) if (wanted.has(path) && !known.has(path)) known.set(path, entry)
      const links = new Map(
        [...wanted.values()].flatMap(({ path, target }) => (target ? [[path, target] as const] : [])),
      )
      writeWhole(place.statCache, encodeStatCache(known, links, Date.now()))
      savePointer(place, pointer)
      return {
        ...{ dataset: place.name, version: pointer.version, written: toWrite.length, removed },
        ...{ unchanged: wanted.size - toWrite.length, placement },
      }
    })
  } finally {
    store.release()
    dataset.release()
  }
}

function isThere(entry: Entry, working: WorkingTree): boolean {
  const now = working.entries.get(entry.path)
  return now !== undefined && sameEntry(now, entry)
}

/** Takes away what the version does not have, deepest first, and the folders that are empty then. */
function removeOthers(place: Place, working: WorkingTree, wanted: ReadonlyMap<string, Entry>, kind: string): number {
  if (!working.exists) return 0
  const others = [...working.entries.keys(), ...working.tree.refused.map(({ path }) => path)]
  if (working.isFile === (kind === 'folder')) {
    // A folder where a file has to be, or the other way round.
    rmSync(place.path, { recursive: true, force: true })
    return others.length
  }
  const gone = others.filter((path) => !wanted.has(path))
  const folders = new Set<string>()
  for (const path of gone) {
    rmSync(absoluteOf(place, path), { recursive: true, force: true })
    for (let above = dirname(path); above !== '.' && above !== ''; above = dirname(above)) folders.add(above)
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(absoluteOf(place, folder))
    } catch {
      // Not empty: something of the version is in it.
    }
  }
  return gone.length
}

function writeAll(
  home: DataHome,
  place: Place,
  entries: readonly Entry[],
  asked: Placement | undefined,
  wrote: (files: number) => void,
): { placement: Placement | null; known: Map<string, Known> } {
  const known = new Map<string, Known>()
  const sample = entries.find((entry) => entry.mode !== 'link')
  // On the file system of the working tree, and not inside it: what a kill leaves here is swept by the next checkout.
  const aside = join(dirname(place.path), `.${basename(place.path)}.orrery-aside`)
  rmSync(aside, { recursive: true, force: true })
  if (entries.length === 0) return { placement: null, known }
  mkdirSync(aside, { recursive: true })
  try {
    const placement = sample ? choosePlacement(asked, blobPlace(home.blobs, sample.hash), aside) : null
    const made = new Set<string>()
    for (const [i, entry] of entries.entries()) {
      const target = absoluteOf(place, entry.path)
      const folder = dirname(target)
      if (!made.has(folder)) makeFolder(place, folder)
      made.add(folder)
      const temporary = join(aside, String(i))
      if (entry.mode === 'link') symlinkSync(entry.target!, temporary)
      else bring(blobPlace(home.blobs, entry.hash), temporary, entry, placement!)
      renameSync(temporary, target)
      if (entry.mode !== 'link') known.set(entry.path, { ...factsOf(lstatSync(target)), hash: entry.hash })
      if (i % 256 === 255) wrote(i + 1)
    }
    return { placement, known }
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** A folder, in place of what stands in its way: that was in the tree, and is in the store or given up by now. */
function makeFolder(place: Place, folder: string): void {
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  if (stats?.isDirectory()) return
  if (stats && folder.startsWith(`${place.path}/`)) rmSync(folder)
  if (folder.startsWith(`${place.path}/`)) makeFolder(place, dirname(folder))
  mkdirSync(folder, { recursive: true })
}

function bring(blob: string, to: string, entry: Entry, placement: Placement): void {
  const writable = entry.mode === 'executable' ? 0o755 : 0o644
  // A file that may be run has a mode the store's file has not, and they would share it.
  if (placement === 'link' && entry.mode === 'file' && entry.size > 0) {
    if ((lstatSync(blob).mode & 0o222) !== 0) chmodSync(blob, READ_ONLY)
    try {
      linkSync(blob, to)
      return
    } catch (error) {
      // At the most names a file may have.
      if ((error as NodeJS.ErrnoException).code !== 'EMLINK') throw error
    }
  }
  copyFileSync(blob, to, placement === 'reflink' ? constants.COPYFILE_FICLONE : 0)
  chmodSync(to, writable & ~process.umask())
  // As if it was written a moment ago: so a change in this very tick of the file system's clock is seen as one.
  const before = Date.now() / 1000 - 1
  utimesSync(to, before, before)
}
