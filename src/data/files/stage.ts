import { createHash, hash as hashOnce } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fdatasyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { type Facts, factsOf, reason } from './walk.ts'

/** How bytes get from a working tree into the store and back. */
export type Placement = 'reflink' | 'link' | 'copy'

/** Stays in the cache of a core between reading, hashing and writing. */
const CHUNK = 256 << 10
/** Read whole and hashed in one call, for what fits the buffer: half the cost of a stream. */
const SMALL = CHUNK - 1
/** Somebody may have opened a file that was written a moment ago and still be writing: linked, that would be the store's. */
const QUIET_MS = 2000

export interface Source extends Facts {
  readonly absolute: string
  /** Nobody else has a name for its bytes, and its mode is that of the store's files. */
  readonly linkable: boolean
  /** The hash it must have, where its name says so. */
  readonly expected?: string
}

export interface Staging {
  readonly blobs: string
  readonly folder: string
  /** `move`: the file is ours to rename, once its bytes are what they have to be. */
  readonly placement: Placement | 'move'
  /** Each file on its own, for a few; many are synced together. */
  readonly syncEach: boolean
}

/** Read, and where needed copied aside; nothing in the store yet. */
export type Staged =
  | { readonly state: 'present'; readonly hash: string }
  | { readonly state: 'aside'; readonly hash: string; readonly aside: string }
  | { readonly state: 'linkable'; readonly hash: string }
  | { readonly state: 'changed' }
  | { readonly state: 'unreadable'; readonly why: string }
  /** Of other bytes than expected. */
  | { readonly state: 'altered'; readonly hash: string }

type Hashed = Extract<Staged, { state: 'present' | 'aside' | 'linkable' }>

const READ_ONLY = 0o444
/** Of another owner or file system, at the most names a file may have, or gone. */
const NOT_LINKED = ['EPERM', 'EACCES', 'EXDEV', 'EMLINK', 'ENOENT', 'ENOTSUP']
const buffer = Buffer.allocUnsafeSlow(CHUNK)

/** Reads a file, names its bytes and puts a copy aside unless the store has them or will link them. */
export function stage(source: Source, name: string, staging: Staging): Staged {
  const aside = `${staging.folder}/${name}`
  try {
    const linkable =
      staging.placement === 'link' && source.linkable && source.size > 0 && source.mtime < Date.now() - QUIET_MS
    const staged =
      staging.placement === 'reflink' ? cloneAside(source, aside, staging) : readAside(source, aside, staging, linkable)
    const after = lstatSync(source.absolute, { throwIfNoEntry: false })
    const whole = staged !== undefined && after !== undefined && unchanged(source, factsOf(after))
    if (whole && (!source.expected || staged.hash === source.expected)) return staged
    rmSync(aside, { force: true })
    return whole ? { state: 'altered', hash: staged.hash } : { state: 'changed' }
  } catch (error) {
    rmSync(aside, { force: true })
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { state: 'changed' }
    if (['EACCES', 'EPERM', 'EIO', 'ELOOP'].includes(code ?? '')) return { state: 'unreadable', why: reason(error) }
    throw error
  }
}

/** A link or a change of mode moves the time of change of the inode, not that of the bytes. */
const unchanged = (before: Facts, now: Facts): boolean =>
  before.mtime === now.mtime && before.size === now.size && before.inode === now.inode

function readAside(source: Source, aside: string, staging: Staging, linkable: boolean): Hashed | undefined {
  const moving = staging.placement === 'move'
  const input = openSync(source.absolute, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    if (source.size <= SMALL) {
      // One read is enough for what the file was said to hold: whether it grew since, its facts tell afterwards.
      let size = 0
      for (let got = 1; got > 0 && size < source.size; size += got)
        got = readSync(input, buffer, size, SMALL + 1 - size, null)
      if (size !== source.size) return undefined
      const bytes = buffer.subarray(0, size)
      const hash = hashOnce('sha256', bytes, 'hex')
      if (isStored(staging.blobs, hash, size)) return { state: 'present', hash }
      if (linkable) return { state: 'linkable', hash }
      if (moving) return { state: 'aside', hash, aside: source.absolute }
      const output = openSync(aside, 'wx', READ_ONLY)
      try {
        writeAll(output, bytes)
        if (staging.syncEach) fdatasyncSync(output)
      } finally {
        closeSync(output)
      }
      return { state: 'aside', hash, aside }
    }
    const digest = createHash('sha256')
    const output = linkable || moving ? undefined : openSync(aside, 'wx', READ_ONLY)
    let size = 0
    try {
      for (;;) {
        const got = readSync(input, buffer, 0, CHUNK, null)
        if (got === 0) break
        const bytes = buffer.subarray(0, got)
        digest.update(bytes)
        if (output !== undefined) writeAll(output, bytes)
        size += got
      }
      if (output !== undefined && staging.syncEach) fdatasyncSync(output)
    } finally {
      if (output !== undefined) closeSync(output)
    }
    if (size !== source.size) return undefined
    const hash = digest.digest('hex')
    if (isStored(staging.blobs, hash, size)) {
      rmSync(aside, { force: true })
      return { state: 'present', hash }
    }
    if (linkable) return { state: 'linkable', hash }
    return { state: 'aside', hash, aside: moving ? source.absolute : aside }
  } finally {
    closeSync(input)
  }
}

/** A clone shares the disk's blocks and is a snapshot: what is hashed is what is kept. */
function cloneAside(source: Source, aside: string, staging: Staging): Hashed {
  copyFileSync(source.absolute, aside, constants.COPYFILE_FICLONE_FORCE)
  chmodSync(aside, READ_ONLY)
  const hash = hashFile(aside)
  if (!isStored(staging.blobs, hash, source.size)) return { state: 'aside', hash, aside }
  rmSync(aside)
  return { state: 'present', hash }
}

/** SHA-256 of a file in hex. */
export function hashFile(path: string): string {
  const file = openSync(path, 'r')
  try {
    const digest = createHash('sha256')
    for (let got = readSync(file, buffer, 0, CHUNK, null); got > 0; got = readSync(file, buffer, 0, CHUNK, null))
      digest.update(buffer.subarray(0, got))
    return digest.digest('hex')
  } finally {
    closeSync(file)
  }
}

/** Under its name and of its size: a name is given after the bytes are on disk, so a shorter file is damage. */
export function isStored(blobs: string, hash: string, size: number): boolean {
  return lstatSync(blobPlace(blobs, hash), { throwIfNoEntry: false })?.size === size
}

/**
 * Gives staged bytes, which are on disk by now, their name in the store.
 *
 * @returns the facts of the source from here on; `undefined` where it changed since, or must not be linked
 */
export function publish(source: Source, staged: Staged, blobs: string): Facts | undefined {
  const { size, mtime, ctime, inode } = source
  if (staged.state === 'linkable') return linkIn(source, blobPlace(blobs, staged.hash))
  if (staged.state === 'aside') {
    const place = blobPlace(blobs, staged.hash)
    try {
      makingFolder(place, () => renameSync(staged.aside, place))
    } catch (error) {
      // Windows replaces no read-only file; another one of the same bytes was named meanwhile.
      if (!isStored(blobs, staged.hash, size)) throw error
      rmSync(staged.aside)
    }
  }
  return { size, mtime, ctime, inode }
}

function linkIn(source: Source, place: string): Facts | undefined {
  const now = lstatSync(source.absolute, { throwIfNoEntry: false })
  if (!now || !unchanged(source, factsOf(now))) return undefined
  try {
    // Read-only before it is the store's: an edit in place fails from here on.
    chmodSync(source.absolute, READ_ONLY)
    makingFolder(place, () => linkSync(source.absolute, place))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (NOT_LINKED.includes(code ?? '')) return undefined
    if (code !== 'EEXIST') throw error
    if (lstatSync(place).size !== source.size) {
      rmSync(place)
      linkSync(source.absolute, place)
    }
  }
  const after = lstatSync(source.absolute, { throwIfNoEntry: false })
  if (after && unchanged(source, factsOf(after))) return factsOf(after)
  // Only where the name is this file's: another one that was there first has the right bytes.
  if (lstatSync(place).ino === source.inode) rmSync(place)
  return undefined
}

function makingFolder(place: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(place), { recursive: true })
    act()
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}
