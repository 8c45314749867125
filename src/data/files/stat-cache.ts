import { readFileSync } from 'node:fs'
import { type Facts, sameFacts } from './walk.ts'

/**
 * A write within the file system's own tick (4 or 10 ms; 2 s on FAT) may leave the time of change as it was. What was
 * changed less than this before it was read is not believed, and read once more the next time.
 */
const SETTLED_MS = 100
const FORMAT = 'orrery-stat/1'
const NUMBERS = 4

export interface Known extends Facts {
  readonly hash: string
}

/** The hash of a file that was read before and has not changed since. */
export interface StatCache {
  readonly paths: readonly string[]
  /** Symbolic links as a version has them, each with what it says. */
  readonly links: ReadonlyMap<string, string>
  /** The hash, where the facts are the ones under which the file was read. */
  hashOf(path: string, facts: Facts): string | undefined
  /** The hash it had when it was read. */
  lastHashOf(path: string): string | undefined
}

const EMPTY: StatCache = { paths: [], links: new Map(), hashOf: () => undefined, lastHashOf: () => undefined }

/** Reads what `encodeStatCache` wrote; a file that is missing or torn is an empty cache. */
export function readStatCache(file: string): StatCache {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return EMPTY
  }
  try {
    const ends = [0, 0, 0]
    for (let i = 0, from = 0; i < 3; i++) {
      ends[i] = bytes.indexOf(10, from)
      from = ends[i]! + 1
    }
    const header = JSON.parse(bytes.toString('utf8', 0, ends[0]))
    const paths: string[] = JSON.parse(bytes.toString('utf8', ends[0]! + 1, ends[1]))
    const hashes = bytes.toString('latin1', ends[1]! + 1, ends[2])
    const start = ends[2]! + 1
    if (header.format !== FORMAT || bytes.length !== start + paths.length * NUMBERS * 8) return EMPTY
    // A copy starts at a multiple of eight, as numbers must.
    const facts = new Float64Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length))
    return openCache(paths, new Map(header.links), hashes, facts)
  } catch {
    return EMPTY
  }
}

function openCache(
  paths: readonly string[],
  links: ReadonlyMap<string, string>,
  hashes: string,
  numbers: Float64Array,
): StatCache {
  const places = new Map<string, number>()
  for (let i = 0; i < paths.length; i++) places.set(paths[i]!, i)
  const hashAt = (i: number) => hashes.slice(i * 64, i * 64 + 64)
  return {
    paths,
    links,
    lastHashOf: (path) => {
      const i = places.get(path)
      return i === undefined ? undefined : hashAt(i)
    },
    hashOf: (path, facts) => {
      const i = places.get(path)
      if (i === undefined) return undefined
      const at = i * NUMBERS
      const known = { mtime: numbers[at]!, ctime: numbers[at + 1]!, size: numbers[at + 2]!, inode: numbers[at + 3]! }
      return sameFacts(known, facts) ? hashAt(i) : undefined
    },
  }
}

/** @param readAt when reading the files began */
export function encodeStatCache(
  known: ReadonlyMap<string, Known>,
  links: ReadonlyMap<string, string>,
  readAt: number,
): Buffer {
  const paths: string[] = []
  const numbers: number[] = []
  let hashes = ''
  for (const [path, { hash, mtime, ctime, size, inode }] of known) {
    const settled = mtime < readAt - SETTLED_MS
    paths.push(path)
    hashes += hash
    // No file was ever changed at NaN, so these facts are never equal to any.
    numbers.push(settled ? mtime : Number.NaN, ctime, size, inode)
  }
  const head = `${JSON.stringify({ format: FORMAT, links: [...links] })}\n${JSON.stringify(paths)}\n${hashes}\n`
  return Buffer.concat([Buffer.from(head), Buffer.from(new Float64Array(numbers).buffer)])
}
