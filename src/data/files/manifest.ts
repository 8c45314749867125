import { ManifestBroken } from './errors.ts'

/** One file of a dataset, or one symbolic link, which is kept as the text it leads to. */
export interface Entry {
  /** From the dataset's folder, parts separated by `/`; any Unicode but NUL. */
  readonly path: string
  readonly mode: Mode
  /** Bytes; of a link, of its target's text. */
  readonly size: number
  /** SHA-256 of the bytes in hex; empty for a link. */
  readonly hash: string
  /** What a link says. */
  readonly target?: string
}

export type Mode = 'file' | 'executable' | 'link'

const FORMAT = 'orrery-files/1'
const LONGEST_PATH = 4096

/**
 * The canonical text of a version: a header, then one JSON array for each entry in the order of code points, so the
 * same files give the same bytes, and so the same hash, on every machine.
 */
export function writeManifest(entries: readonly Entry[]): string {
  const sorted = inOrder(entries)
  let bytes = 0
  let text = ''
  for (const entry of sorted) {
    bytes += entry.size
    const path = JSON.stringify(entry.path)
    if (entry.mode === 'file') text += `[${path},${entry.size},"${entry.hash}"]\n`
    else if (entry.mode === 'executable') text += `[${path},${entry.size},"${entry.hash}","executable"]\n`
    else text += `[${path},${entry.size},"","link",${JSON.stringify(entry.target)}]\n`
  }
  return `${JSON.stringify({ format: FORMAT, hash: 'sha256', files: sorted.length, bytes })}\n${text}`
}

/** Reads a manifest that may come from anywhere: whatever it says, its paths stay inside the dataset's folder. */
export function readManifest(text: string, version: string): Entry[] {
  const broken = (why: string) => new ManifestBroken(version, why)
  // A line feed cannot stand inside JSON text, so one call reads all lines.
  let lines: unknown[]
  try {
    lines = JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`)
  } catch {
    throw broken('it is no JSON lines')
  }
  const header = lines[0] as { format?: unknown; files?: unknown } | null
  if (header?.format !== FORMAT) throw broken(`its format is ${JSON.stringify(header?.format)}, not ${FORMAT}`)
  if (header.files !== lines.length - 1)
    throw broken(`it holds ${lines.length - 1} entries and says ${JSON.stringify(header.files)}`)
  const entries: Entry[] = new Array(lines.length - 1)
  for (let i = 1; i < lines.length; i++) {
    const entry = entryOf(lines[i])
    if (!entry) throw broken(`its line ${i + 1} is no entry`)
    entries[i - 1] = entry
  }
  const wrong = unsafePath(entries)
  if (wrong !== undefined) throw broken(`it has an entry at ${JSON.stringify(wrong)}`)
  return entries
}

/**
 * The entries of a manifest that may be larger than memory, one after the other; the last one comes before it is known that all
 * is whole. Nothing may be written by their paths, which only `readManifest` has looked at.
 *
 * @param bytes of the manifest, in pieces of any size
 * @throws ManifestBroken
 */
export function* eachEntry(bytes: Iterable<Uint8Array>, version: string): Generator<Entry> {
  const broken = (why: string) => new ManifestBroken(version, why)
  let promised: unknown
  let line = 0
  for (const text of eachLine(bytes)) {
    let said: unknown
    try {
      said = JSON.parse(text)
    } catch {
      throw broken('it is no JSON lines')
    }
    if (line++ === 0) {
      const header = said as { format?: unknown; files?: unknown } | null
      if (header?.format !== FORMAT) throw broken(`its format is ${JSON.stringify(header?.format)}, not ${FORMAT}`)
      promised = header.files
      continue
    }
    const entry = entryOf(said)
    if (!entry) throw broken(`its line ${line} is no entry`)
    yield entry
  }
  if (promised !== line - 1) throw broken(`it holds ${line - 1} entries and says ${JSON.stringify(promised)}`)
}

function* eachLine(bytes: Iterable<Uint8Array>): Generator<string> {
  let rest: Uint8Array = new Uint8Array()
  for (const piece of bytes) {
    const all = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece])
    const end = all.lastIndexOf(0x0a)
    rest = all.subarray(end + 1)
    if (end >= 0) yield* all.toString('utf8', 0, end).split('\n')
  }
  if (rest.length > 0) yield Buffer.from(rest).toString('utf8')
}

/** Whether a manifest's first bytes are at hand, and not those of a file that a dataset consists of. */
export const looksLikeManifest = (text: string): boolean => text.startsWith(`{"format":"${FORMAT}"`)

function entryOf(line: unknown): Entry | undefined {
  if (!Array.isArray(line)) return undefined
  const [path, size, hash, mode = 'file', target] = line
  if (typeof path !== 'string' || !Number.isSafeInteger(size) || size < 0) return undefined
  if (mode === 'link')
    return hash === '' && typeof target === 'string' ? { path, mode, size, hash: '', target } : undefined
  if ((mode !== 'file' && mode !== 'executable') || !/^[0-9a-f]{64}$/.test(hash)) return undefined
  return { path, mode, size, hash }
}

/** A path that leads out of the folder, or through a link or a file, or stands there twice. */
function unsafePath(entries: readonly Entry[]): string | undefined {
  const seen = new Set<string>()
  for (const { path } of entries) {
    if (!isInside(path) || seen.has(path)) return path
    seen.add(path)
  }
  let last = ''
  for (const entry of entries) {
    if (entry.mode === 'link' && !linkStaysInside(entry.path, entry.target ?? '')) return entry.path
    const folder = folderOf(entry.path)
    if (folder === last) continue
    last = folder
    for (let above = folder; above !== ''; above = folderOf(above)) if (seen.has(above)) return entry.path
  }
  return undefined
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** Relative, without `.`, `..` or empty parts. */
export function isInside(path: string): boolean {
  return path.length <= LONGEST_PATH && !path.includes('\0') && !/(?:^|\/)(?:\.{0,2})(?:\/|$)/.test(path)
}

/** Whether a link's target, read from where the link stands, is in the dataset's folder. */
export function linkStaysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || /^[a-z]:/i.test(target)) return false
  let depth = path.split('/').length - 1
  for (const part of target.split('/')) {
    if (part === '..') depth--
    else if (part !== '' && part !== '.') depth++
    if (depth < 0) return false
  }
  return true
}

/** By code point, which is also the order of the UTF-8 bytes; JavaScript's own order differs beyond U+FFFF only. */
function inOrder(entries: readonly Entry[]): Entry[] {
  const plain = entries.every(({ path }) => !/[\ud800-\udfff]/.test(path))
  if (!plain) return entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  for (let i = 1; i < entries.length; i++)
    if (entries[i - 1]!.path >= entries[i]!.path)
      return entries.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  return [...entries]
}

export interface ManifestDiff {
  readonly added: readonly Entry[]
  readonly removed: readonly Entry[]
  readonly changed: readonly { readonly before: Entry; readonly after: Entry }[]
  /** Bytes that are the same elsewhere: a file that moved. Not among `added` and `removed`. */
  readonly moved: readonly { readonly before: Entry; readonly after: Entry }[]
}

/** What leads from one version to another. */
export function diffManifests(before: readonly Entry[], after: readonly Entry[]): ManifestDiff {
  const was = new Map(before.map((entry) => [entry.path, entry]))
  const added: Entry[] = []
  const changed: { before: Entry; after: Entry }[] = []
  for (const entry of after) {
    const old = was.get(entry.path)
    was.delete(entry.path)
    if (!old) added.push(entry)
    else if (!sameEntry(old, entry)) changed.push({ before: old, after: entry })
  }
  const gone = new Map<string, Entry[]>()
  for (const entry of was.values()) {
    const key = entry.mode === 'link' ? `link ${entry.target}` : entry.hash
    gone.set(key, [...(gone.get(key) ?? []), entry])
  }
  const moved: { before: Entry; after: Entry }[] = []
  const really = added.filter((entry) => {
    const from = gone.get(entry.mode === 'link' ? `link ${entry.target}` : entry.hash)?.shift()
    if (from) moved.push({ before: from, after: entry })
    return !from
  })
  return { added: really, removed: [...gone.values()].flat(), changed, moved }
}

/** Same bytes and same mode. */
export const sameEntry = (a: Entry, b: Entry): boolean =>
  a.hash === b.hash && a.mode === b.mode && a.size === b.size && a.target === b.target
