import type { Duck } from './duckdb.ts'
import type { Holds } from './read/raw-table.ts'
import { name } from './sql.ts'

const HOUR = 3_600_000

/**
 * When a row happened, in ms since 1970, as SQL over a stored table: the first column is a time (or ms since 1970),
 * every further one adds hours or a time of day. The same rules as for a record that is served.
 */
export function eventTime(columns: readonly string[], stored: ReadonlyMap<string, Holds>): string {
  const terms = columns.map((column, i) => (i === 0 ? moment(column, stored) : sinceMidnight(column, stored)))
  return `(${terms.join(' + ')})`
}

function moment(column: string, stored: ReadonlyMap<string, Holds>): string {
  return stored.get(column) === 'time' ? `epoch_us(${name(column)}) / 1000.0` : name(column)
}

function sinceMidnight(column: string, stored: ReadonlyMap<string, Holds>): string {
  if (stored.get(column) === 'number') return `${name(column)} * ${HOUR}`
  return `epoch(TRY_CAST(${name(column)} AS TIME)) * 1000`
}

/** How each column of a stored table is stored. */
export async function storedTypes(duck: Duck, relation: string): Promise<Map<string, Holds>> {
  const described = await duck.rows<{ column_name: string; column_type: string }>(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${relation})`,
  )
  const holds: Record<string, Holds> = { DOUBLE: 'number', TIMESTAMP: 'time', VARCHAR: 'text' }
  return new Map(described.map(({ column_name, column_type }) => [column_name, holds[column_type] ?? 'text']))
}
