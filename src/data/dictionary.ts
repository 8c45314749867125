import type { Duck } from './duckdb.ts'
import { name, texts } from './sql.ts'

/** Text values by their codes, known to DuckDB as a type, so that a column comes over as numbers. */
export interface Dictionary {
  values: readonly string[]
  /** The column's codes as SQL: whole numbers, -1 where missing or not among the values. */
  codes: string
}

let made = 0

/** The different values of a text column in the order of their bytes; `undefined` when there are more than `most`. */
export async function dictionaryOf(
  duck: Duck,
  relation: string,
  column: string,
  most = Number.POSITIVE_INFINITY,
): Promise<Dictionary | undefined> {
  const limit = Number.isFinite(most) ? `LIMIT ${most + 1}` : ''
  const table = `dictionary_values_${made++}`
  await duck.run(
    `CREATE TEMP TABLE ${table} AS SELECT DISTINCT ${name(column)} AS value FROM ${relation} WHERE ${name(column)} IS NOT NULL ${limit}`,
  )
  try {
    const found = await duck.rows<{ value: string }>(`SELECT value FROM ${table} ORDER BY value`)
    if (found.length > most) return undefined
    const values = found.map((one) => one.value)
    return { values, codes: await codesOf(duck, column, values, `SELECT value FROM ${table} ORDER BY value`) }
  } finally {
    await duck.run(`DROP TABLE ${table}`)
  }
}

/** A dictionary with these values, in this order. */
export async function dictionaryFrom(duck: Duck, column: string, values: readonly string[]): Promise<Dictionary> {
  return { values, codes: await codesOf(duck, column, values, `SELECT unnest(${texts(values)})`) }
}

async function codesOf(duck: Duck, column: string, values: readonly string[], query: string): Promise<string> {
  if (values.length === 0) return '-1::INTEGER'
  const type = `dictionary_${made++}`
  await duck.run(`CREATE TYPE ${type} AS ENUM (${query})`)
  return `coalesce(enum_code(TRY_CAST(${name(column)} AS ${type}))::INTEGER, -1)`
}
