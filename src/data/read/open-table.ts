import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SourceDescriptor } from '../contract.ts'
import { type Duck, withDuck } from '../duckdb.ts'
import { type Place, SourceAltered, SourceChangedWhileRead } from '../errors.ts'
import type { ResolvedSource } from '../sources/resolved.ts'
import { scanBytes } from './bytes.ts'
import { openCsv } from './csv.ts'
import { openJson } from './json.ts'
import { openParquet } from './parquet.ts'
import type { RawTable } from './raw-table.ts'
import type { ReadableSource } from './readable.ts'

/**
 * Reads every byte of a source once: its sha256, compared with the expected one, and for text that it is UTF-8. Says
 * where the rows come from. What is compressed hashes as it stands; its text is looked at when it is unpacked.
 *
 * @throws SourceAltered, NotUtf8
 */
export async function verifySource(source: ResolvedSource): Promise<SourceDescriptor> {
  const joined = createHash('sha256')
  const files = []
  const isText = source.format === 'csv' || source.format === 'json'
  for (const file of source.files) {
    const sha256 = await scanBytes(file, { text: isText && !file.packed, also: joined })
    files.push({ name: file.name, bytes: file.bytes, sha256 })
  }
  const actual = joined.digest('hex')
  if (source.sha256 !== undefined && source.sha256 !== actual)
    throw new SourceAltered(source.source, source.sha256, actual)
  const { place, taken } = source
  if (place === 'files') return { kind: 'files', source: source.source, files }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (place === 'url') return { kind: 'url', source: source.source, bytes, sha256: actual }
  return {
    ...{ kind: 'taken' as const, place, source: source.source, bytes, sha256: actual },
    takenAt: taken!.at,
    ...(taken!.what !== undefined && { what: taken!.what }),
    ...(files.length > 1 && { files }),
  }
}

/** Opens the files of a source as one table. */
export function openTable(source: ReadableSource, ignore: readonly string[]): Promise<RawTable> {
  if (source.format === 'csv') return openCsv(source.files)
  return withDuck({ folders: foldersOf(source) }, (duck) =>
    source.format === 'json' ? openJson(duck, source.files, ignore) : openParquet(duck, source.files, ignore),
  )
}

/** @throws SourceChangedWhileRead when a file is not as it was when the source was resolved */
export async function refuseChangedFiles(source: ResolvedSource): Promise<void> {
  for (const file of source.files) {
    const now = await stat(file.path).catch(() => undefined)
    if (now?.size !== file.bytes || now.mtimeMs !== file.modifiedMs) throw new SourceChangedWhileRead(file.name)
  }
}

export function foldersOf(source: ResolvedSource): string[] {
  return [...new Set(source.files.map((file) => dirname(file.path)))]
}

export function bytesOf(source: ResolvedSource): number {
  return source.files.reduce((sum, file) => sum + file.bytes, 0)
}

/** Where the row with this number, from 0, of the whole table is. */
export async function placeOfRow(duck: Duck, table: RawTable, row: number): Promise<Place> {
  let before = 0
  for (const [part, { from }] of table.parts.entries()) {
    const isLast = part === table.parts.length - 1
    const rows = isLast
      ? Number.POSITIVE_INFINITY
      : (await duck.row<{ rows: number }>(`SELECT count(*) AS rows FROM ${from}`)).rows
    if (row < before + rows) return table.placeOf(part, row - before + 1)
    before += rows
  }
  throw new RangeError(`the table has no row ${row}`)
}
