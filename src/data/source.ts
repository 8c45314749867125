import { glob, open, realpath, stat } from 'node:fs/promises'
import { basename, isAbsolute, relative, resolve } from 'node:path'
import { downloadPinned } from './download.ts'
import { FormatUnknown, SourceNotAFile, SourceNotFound, SourceUnreadable, TableEmpty } from './errors.ts'

export type Format = 'csv' | 'json' | 'parquet'

export interface SourceFile {
  /** Absolute, links followed. */
  path: string
  /** As people know it: relative to the project folder, or the URL it came from. */
  name: string
  bytes: number
  modifiedMs: number
}

/** Files that together are one table, in the order of their names. */
export interface ResolvedSource {
  /** As written in the project file. */
  source: string
  kind: 'files' | 'url'
  files: readonly SourceFile[]
  format: Format
  /** What the bytes must hash to, if that was said; several files hash as if joined. */
  sha256: string | undefined
}

/**
 * Finds the files of a source: a path, a glob, or an http(s) URL pinned by its sha256, which is downloaded.
 *
 * @param options.folder where relative paths start
 * @param options.downloads where a downloaded file is put; one with the right hash is not fetched again
 * @throws SourceNotFound, SourceNotAFile, SourceUnreadable, SourceUnpinned, SourceUnreachable, SourceAltered,
 *   SourceTooLarge, TableEmpty, FormatUnknown
 */
export async function resolveSource(options: {
  source: string
  sha256?: string | undefined
  folder: string
  downloads: string
}): Promise<ResolvedSource> {
  const { source, sha256 } = options
  const isUrl = /^https?:\/\//i.test(source)
  const files = isUrl
    ? [await fileAt(await downloadPinned(source, sha256, options.downloads), source)]
    : await filesAt(source, options.folder)
  const format = await formatOf(files[0]!, isUrl ? new URL(source).pathname : files[0]!.path)
  return { source, kind: isUrl ? 'url' : 'files', files, format, sha256 }
}

async function filesAt(source: string, folder: string): Promise<SourceFile[]> {
  const nameOf = (path: string) => (isAbsolute(source) ? path : relative(folder, path) || path)
  const literal = resolve(folder, source)
  const found = await stat(literal).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new SourceUnreadable(source, error.message)
  })
  if (found) return [await fileAt(literal, nameOf(literal))]
  const matches: string[] = []
  // A name that exists wins over its meaning as a pattern, so `[x].csv` can be read.
  if (/[*?[{]/.test(source)) for await (const match of glob(source, { cwd: folder })) matches.push(match)
  if (matches.length === 0) throw new SourceNotFound(source, folder)
  matches.sort()
  const paths = matches.map((match) => resolve(folder, match))
  return Promise.all(paths.map((path) => fileAt(path, nameOf(path))))
}

async function fileAt(link: string, name: string): Promise<SourceFile> {
  const path = await realpath(link)
  const found = await stat(path)
  if (!found.isFile()) throw new SourceNotAFile(name)
  if (found.size === 0) throw new TableEmpty(name, 'is an empty file')
  return { path, name, bytes: found.size, modifiedMs: found.mtimeMs }
}

const EXTENSIONS: Record<string, Format> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  txt: 'csv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  parquet: 'parquet',
  pq: 'parquet',
}

/** What a file starts with, when that is something else than a table. */
const FOREIGN: readonly (readonly [string, string])[] = [
  ['1f8b', 'is compressed with gzip'],
  ['28b52ffd', 'is compressed with zstd'],
  ['504b0304', 'is a zip archive or a spreadsheet'],
  ['25504446', 'is a PDF'],
  ['d0cf11e0', 'is a binary spreadsheet'],
  ['53514c697465', 'is an SQLite database'],
  ['4152524f5731', 'is an Arrow file'],
]

/** The format by the file's first bytes, and where those leave it open by its extension. */
async function formatOf(file: SourceFile, path: string): Promise<Format> {
  const start = await firstBytes(file)
  const foreign = FOREIGN.find(([bytes]) => start.toString('hex').startsWith(bytes))
  if (foreign) throw new FormatUnknown(file.name, foreign[1])
  if (start.toString('latin1').startsWith('PAR1')) return 'parquet'
  const extension = /\.([a-z]+)$/i.exec(basename(path))?.[1]?.toLowerCase()
  return EXTENSIONS[extension ?? ''] ?? (/^\uFEFF?\s*\{/.test(start.toString('utf8')) ? 'json' : 'csv')
}

async function firstBytes(file: SourceFile): Promise<Buffer> {
  try {
    await using handle = await open(file.path)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    throw new SourceUnreadable(file.name, (error as Error).message)
  }
}
