import { lstatSync } from 'node:fs'
import { entriesOf, hasList, knownPointerAt, type Place } from './dataset.ts'
import type { DataHome } from './home.ts'
import { diffManifests, type Entry } from './manifest.ts'
import type { Remote } from './remotes/remote.ts'
import { isStored } from './stage.ts'
import { type Reading, readWorkingTree } from './working-tree.ts'

export interface DatasetStatus {
  readonly dataset: string
  /** What the pointer file says. */
  readonly version: string
  readonly files: number
  readonly bytes: number
  /**
   * `same`: the files are those of the version. `absent`: there are none here. `unknown`: which files the version has
   * is not in this store.
   */
  readonly tree: 'same' | 'changed' | 'absent' | 'unknown'
  readonly changes: {
    readonly added: number
    readonly removed: number
    readonly changed: number
    readonly moved: number
  } | null
  /** Files of the version without their bytes in this store; all of them where the list itself is not here. */
  readonly missing: number
  /** Whether the remote has it; `null` where none was asked. */
  readonly pushed: boolean | null
}

/** How a dataset stands: its files against the version that the pointer file names, the store, and a remote. */
export async function statusOf(
  home: DataHome,
  place: Place,
  { remote, reading }: { remote?: Remote | undefined; reading?: Reading | undefined } = {},
): Promise<DatasetStatus> {
  const pointer = knownPointerAt(place)
  const hash = pointer.version.slice('sha256:'.length)
  const pushed = remote ? (await remote.holds([hash])).has(hash) : null
  const { version, files, bytes } = pointer
  const known = { dataset: place.name, version, files, bytes, pushed }
  const isHere = lstatSync(place.path, { throwIfNoEntry: false }) !== undefined
  if (!hasList(home, pointer)) return { ...known, tree: isHere ? 'unknown' : 'absent', changes: null, missing: files }
  const entries = entriesOf(home, pointer)
  const missing = entries.filter((entry) => entry.mode !== 'link' && !isStored(home.blobs, entry.hash, entry.size))
  if (!isHere) return { ...known, tree: 'absent', changes: null, missing: missing.length }
  const changes = changesOf(entries, place, reading)
  const isSame = Object.values(changes).every((n) => n === 0)
  return { ...known, tree: isSame ? 'same' : 'changed', changes, missing: missing.length }
}

function changesOf(entries: readonly Entry[], place: Place, reading?: Reading): NonNullable<DatasetStatus['changes']> {
  const working = readWorkingTree(place, reading)
  const { added, removed, changed, moved } = diffManifests(entries, [...working.entries.values()])
  return {
    // What cannot be a file of a version is in none, and stops the next add.
    added: added.length + working.tree.refused.length,
    ...{ removed: removed.length, changed: changed.length, moved: moved.length },
  }
}
