import type { Place } from '../errors.ts'
import type { SourceFile } from '../source.ts'

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
