import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import type { Place } from './dataset.ts'
import type { DataHome } from './home.ts'
import type { Entry } from './manifest.ts'
import { hashFile, isStored } from './stage.ts'
import { type Known, readStatCache } from './stat-cache.ts'
import { type FoundFile, found, type Tree, walkTree } from './walk.ts'

/** What a working tree holds now, each file with its hash. */
export interface WorkingTree {
  readonly exists: boolean
  readonly isFile: boolean
  readonly entries: ReadonlyMap<string, Entry>
  readonly known: ReadonlyMap<string, Known>
  readonly tree: Tree
  /** Links that were in the version that was added or checked out here last. */
  readonly savedLinks: ReadonlyMap<string, string>
}

const NOTHING: Tree = { files: [], links: [], refused: [], folders: new Map() }

/** How much was read of the files that have to be. */
export type Reading = (at: { files: number; bytes: number; ofFiles: number; ofBytes: number }) => void

/** Reads a working tree: files that the stat cache knows are not opened. */
export function readWorkingTree(place: Place, reading: Reading = () => {}): WorkingTree {
  const stats = lstatSync(place.path, { throwIfNoEntry: false })
  if (!stats)
    return { exists: false, isFile: false, entries: new Map(), known: new Map(), tree: NOTHING, savedLinks: new Map() }
  const isFile = !stats.isDirectory()
  const tree = isFile ? treeOfOne(place, stats) : walkTree(place.path)
  const cache = readStatCache(place.statCache)
  const entries = new Map<string, Entry>()
  const known = new Map<string, Known>()
  const unknown = tree.files.filter((file) => cache.hashOf(file.path, file) === undefined)
  const at = { files: 0, bytes: 0, ofFiles: unknown.length, ofBytes: unknown.reduce((sum, { size }) => sum + size, 0) }
  const read = (file: FoundFile) => {
    const hash = hashFile(absoluteOf(place, file.path))
    at.files++
    at.bytes += file.size
    reading(at)
    return hash
  }
  for (const file of tree.files) {
    const hash = cache.hashOf(file.path, file) ?? read(file)
    known.set(file.path, { ...factsIn(file), hash })
    entries.set(file.path, { path: file.path, mode: file.executable ? 'executable' : 'file', size: file.size, hash })
  }
  for (const { path, target } of tree.links)
    entries.set(path, { path, mode: 'link', size: Buffer.byteLength(target), hash: '', target })
  return { exists: true, isFile, entries, known, tree, savedLinks: cache.links }
}

const factsIn = ({ size, mtime, ctime, inode }: FoundFile) => ({ size, mtime, ctime, inode })

function treeOfOne(place: Place, stats: Stats): Tree {
  if (stats.isFile()) return { ...NOTHING, files: [found('', stats)] }
  if (stats.isSymbolicLink()) return { ...NOTHING, links: [{ path: '', target: readlinkSync(place.path) }] }
  return { ...NOTHING, refused: [{ path: place.name, why: 'neither file, folder nor symbolic link' }] }
}

export const absoluteOf = (place: Place, path: string): string => (path === '' ? place.path : `${place.path}/${path}`)

/** Files and links that no version has: they are nowhere but here. */
export function unsavedIn(
  place: Place,
  working: WorkingTree,
  home: DataHome,
  kept: ReadonlyMap<string, Entry>,
): string[] {
  const unsaved = working.tree.refused.map(({ path }) => path)
  for (const [path, { mode, hash, size, target }] of working.entries) {
    const saved =
      mode === 'link'
        ? kept.get(path)?.target === target || working.savedLinks.get(path) === target
        : kept.get(path)?.hash === hash || isStored(home.blobs, hash, size)
    if (!saved) unsaved.push(path || place.name)
  }
  return unsaved
}
