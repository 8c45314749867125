import { FilesDiffer, type Place } from '../errors.ts'
import type { SourceFile } from '../sources/resolved.ts'

/** What a column's cells are as the file has them; text may still turn out to be numbers or times. */
export type Holds = 'text' | 'number' | 'time'

export interface RawColumn {
  name: string
  holds: Holds
}

/** A table as it lies in its files, before types are decided. */
export interface RawTable {
  columns: readonly RawColumn[]
  /** The rows of all files, in order; the columns are called c0, c1, … */
  from: string
  /** The same, one by one. */
  parts: readonly { file: SourceFile; from: string }[]
  /** Where the row with this number, from 1, of a part is. */
  placeOf(part: number, row: number): Promise<Place>
  /** The error that a person should see for one of DuckDB's. */
  explain(error: unknown): unknown
}

/** The names that occur more than once when case does not count, as in DuckDB and most databases. */
export function repeatedNames(names: readonly string[]): string[] {
  const seen = new Set<string>()
  const repeated = new Map<string, string>()
  for (const name of names) {
    const key = name.toLowerCase()
    if (seen.has(key)) repeated.set(key, name)
    seen.add(key)
  }
  return [...repeated.values()]
}

/**
 * The columns that the folders of files name, as Hive writes them (`year=2024`), without those that the files hold
 * themselves.
 *
 * @throws FilesDiffer when the files lie in folders of different columns
 */
export function partitionColumns(files: readonly SourceFile[], held: readonly string[]): string[] {
  const keysOf = (file: SourceFile) => (file.partition ?? []).map((part) => part.slice(0, part.indexOf('=')))
  const keys = keysOf(files[0]!)
  const other = files.find((file) => keysOf(file).join('\n') !== keys.join('\n'))
  if (other) throw new FilesDiffer(files[0]!.name, other.name, `the folders name ${keysOf(other).join(', ') || 'none'}`)
  const own = new Set(held.map((name) => name.toLowerCase()))
  return [...new Set(keys)].filter((key) => !own.has(key.toLowerCase()))
}

/** How a reader of DuckDB is told to add the columns of folders, as text. */
export function hiveOptions(keys: readonly string[]): string {
  return keys.length > 0 ? ', hive_partitioning = true, hive_types_autocast = false' : ', hive_partitioning = false'
}
