import type { Duck } from './duckdb.ts'
import { name, texts } from './sql.ts'

/** Text values by their codes, known to DuckDB as a type, so that a column comes over as numbers. */
export interface Dictionary {
  values: readonly string[]
  /** The column's codes as SQL: whole numbers, -1 where missing or not among the values. */
  codes: string
}

let made = 0

/** Columns looked at in one statement: DuckDB gives each its own hash table, of 3 MB even when it is empty. */
const BATCH = 20
/** Longer lists are not written out in a statement but selected once more. */
const WRITTEN_OUT = 10_000

/**
 * The different values of text columns, in the order of their bytes. A column with more than `most` of them has no
 * dictionary.
 */
export async function dictionariesOf(
  duck: Duck,
  relation: string,
  columns: readonly string[],
  most = Number.POSITIVE_INFINITY,
): Promise<Map<string, Dictionary>> {
  const limit = Number.isFinite(most) ? `LIMIT ${most + 1}` : ''
  const distinct = (column: string) =>
    `SELECT DISTINCT ${name(column)} AS value FROM ${relation} WHERE ${name(column)} IS NOT NULL`
  const dictionaries = new Map<string, Dictionary>()
  for (let from = 0; from < columns.length; from += BATCH) {
    const batch = columns.slice(from, from + BATCH)
    const parts = batch.map((column, i) => `SELECT ${i} AS i, value FROM (${distinct(column)} ${limit})`)
    const found = await duck.rows<{ i: number; list: string[] }>(
      `SELECT i, list(value ORDER BY value) AS list FROM (${parts.join(' UNION ALL ')}) GROUP BY i`,
    )
    const lists = new Map(found.map(({ i, list }) => [i, list]))
    for (const [i, column] of batch.entries()) {
      const values = lists.get(i) ?? []
      if (values.length > most) continue
      const query = values.length > WRITTEN_OUT ? `${distinct(column)} ORDER BY value` : written(values)
      dictionaries.set(column, { values, codes: await codesOf(duck, column, values, query) })
    }
  }
  return dictionaries
}

/** A dictionary with these values, in this order. */
export async function dictionaryFrom(duck: Duck, column: string, values: readonly string[]): Promise<Dictionary> {
  return { values, codes: await codesOf(duck, column, values, written(values)) }
}

function written(values: readonly string[]): string {
  return `SELECT unnest(${texts(values)})`
}

async function codesOf(duck: Duck, column: string, values: readonly string[], query: string): Promise<string> {
  if (values.length === 0) return '-1::INTEGER'
  const type = `dictionary_${made++}`
  await duck.run(`CREATE TYPE ${type} AS ENUM (${query})`)
  return `coalesce(enum_code(TRY_CAST(${name(column)} AS ${type}))::INTEGER, -1)`
}
