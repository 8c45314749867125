import type { ColumnFacts } from '../column-facts.ts'
import type { Duck } from '../duckdb.ts'
import type { Holds } from '../read/raw-table.ts'

/** The table that is checked. */
export interface CheckedTable {
  path: string
  stored: ReadonlyMap<string, Holds>
  /** The columns that say when a row happened. */
  time: readonly string[] | undefined
  /** Rows of other tables that expectations refer to, by what they wrote: a relation with the column `value`. */
  others: ReadonlyMap<string, OtherTable>
  /** The moment that freshness is measured from. */
  now: number
  /** What is known of the columns of exactly these rows, so that it is not counted again. */
  facts?: ReadonlyMap<string, ColumnFacts> | undefined
}

export interface OtherTable {
  /** A relation with one column, `value`, of different texts; `null` when no column was asked for. */
  values: string | null
  rows: number
  /** Why there is none. */
  unreadable?: string
}

/** What single rows break. */
export interface RowRule {
  judges: 'rows'
  words: string
  /** SQL that is true for a row that breaks it. */
  broken: string
  /** SQL that is true for a row it is about; all rows when absent. */
  about?: string
  /** SQL of the text that is shown of a row. */
  shown: string
  /** Relation with what `broken` refers to besides the table's own columns; made from one with `file_row_number`. */
  from?: (table: string) => string
  /** A quicker way than `broken` to count the rows that break it, as an aggregate over the table. */
  count?: string
}

/** What a column or a table as a whole breaks, seen by aggregates. */
export interface MeasuredRule {
  judges: 'column'
  words: string
  aggregates: readonly string[]
  judge(values: readonly Measured[]): Verdict
}

export type Measured = number | string | null

/** What needs statements of its own. */
export interface AskedRule {
  judges: 'asked'
  words: string
  ask(duck: Duck, relation: string): Promise<Verdict>
}

/** What is known without looking at any row. */
export interface KnownRule {
  judges: 'schema'
  words: string
  verdict: Verdict
}

export interface Verdict {
  passed: boolean
  observed: string
}

export type Rule = RowRule | MeasuredRule | AskedRule | KnownRule

const NUMBER = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 })

/** A figure as it stands in a message. */
export function figure(value: Measured): string {
  if (value === null) return 'nothing'
  return typeof value === 'number' ? NUMBER.format(value) : value
}

export type Ends<End> = readonly [low: End | null, high: End | null]

/** A number means exactly that. */
export function endsOf(range: number | Ends<number>): Ends<number> {
  return typeof range === 'number' ? [range, range] : range
}

/** `between 0 and 1`, `at least 0`, `at most 1`, `5`. */
export function rangeWords(
  [low, high]: Ends<number | string>,
  show: (end: number | string) => string = String,
): string {
  if (low === null) return high === null ? 'anything' : `at most ${show(high)}`
  if (high === null) return `at least ${show(low)}`
  return low === high ? show(low) : `between ${show(low)} and ${show(high)}`
}

export function lies(value: Measured, [low, high]: Ends<number>): boolean {
  return typeof value === 'number' && (low === null || value >= low) && (high === null || value <= high)
}
