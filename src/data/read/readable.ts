import { join } from 'node:path'
import { FormatUnknown } from '../errors.ts'
import type { ResolvedSource, SourceFile } from '../sources/resolved.ts'
import { scanBytes } from './bytes.ts'
import { unpackFile } from './unpack.ts'

/** The format of a source that `openTable` reads as it stands. */
export type ReadableSource = ResolvedSource & { format: 'csv' | 'json' | 'parquet' }

/**
 * Makes files of every format into such as are read in place: unpacks what is compressed, and keeps sheets and Arrow
 * batches as Parquet. Files that need nothing stay where they are.
 *
 * @param options.target where what is made is left
 * @param options.ignore columns that may hold what is no single value
 * @throws as reading the format does, and NotUtf8 for text that was compressed
 */
export async function makeReadable(
  source: ResolvedSource,
  options: { target: string; sheet?: string | undefined; ignore?: readonly string[] | undefined },
): Promise<ReadableSource> {
  const { format } = source
  if (format === 'sqlite')
    throw new FormatUnknown(source.files[0]!.name, 'is an SQLite database: say which rows with `table` or `query`')
  const isText = format === 'csv' || format === 'json'
  const files: SourceFile[] = []
  for (const [i, file] of source.files.entries()) {
    const plain = file.packed ? await unpackFile(file, placeOf(options.target, i, file, format)) : file
    if (file.packed && isText) await scanBytes(plain, { text: true })
    // Loaded when they are needed: most tables are neither.
    if (format === 'excel') {
      const { readSheet } = await import('./excel/read-sheet.ts')
      files.push(await readSheet(plain, options.sheet, placeOf(options.target, i, file, 'sheet.parquet')))
    } else if (format === 'arrow') {
      const { readArrow } = await import('./arrow.ts')
      files.push(await readArrow(plain, options.ignore ?? [], placeOf(options.target, i, file, 'arrow.parquet')))
    } else files.push(plain)
  }
  return { ...source, files, format: isText ? format : 'parquet' }
}

/** A place that still tells the columns which the file's folders name. */
export function placeOf(folder: string, i: number, { partition = [] }: SourceFile, kind: string): string {
  return join(folder, 'readable', String(i), ...partition, `table.${kind}`)
}
