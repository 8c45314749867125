import { rename } from 'node:fs/promises'
import type { ExpectationResult } from '../contract.ts'
import type { Duck } from '../duckdb.ts'
import { numberedParquet, text } from '../sql.ts'
import type { CheckedTable, RowRule } from './rule.ts'
import { brokenRows, checkTable, readable } from './run.ts'
import type { Expectation } from '#projects/contract'

/** Rows that were taken out of a table, each with why. */
export interface SetAside {
  /** Parquet: the table's columns, then `_row` (its number from 1 in what was read) and `_reasons`. */
  path: string
  rows: number
  /** Their numbers, from 0, ascending: what is left has other numbers than in the source. */
  numbers: readonly number[]
  /** How the expectations stood before anything was taken out. */
  results: ExpectationResult[]
}

/** Name of the column that says why a row was set aside; of the one with its number. */
export const REASONS = '_reasons'
export const ROW = '_row'

/**
 * Takes the rows out of a stored table that break an expectation which says `quarantine`, and keeps them in a file beside
 * it. An expectation that says how many rows have to hold (`mostly`) and of which more break it is left to stop the
 * pipeline: so much is wrong that what remains is another table.
 *
 * @returns `null` when every row stays
 */
export async function setAside(
  duck: Duck,
  table: CheckedTable,
  expectations: readonly Expectation[],
): Promise<SetAside | null> {
  const asked = expectations.filter((one) => one.otherwise === 'quarantine')
  if (asked.length === 0) return null
  const checks = (await readable(duck, table, asked)).flat()
  const results = await checkTable(duck, table, asked)
  const breaking = checks.filter(
    (check, i) => check.rule.judges === 'rows' && results[i]!.failing > 0 && !tooMany(check.mostly, results[i]!),
  )
  if (breaking.length === 0) return null
  const numbered = numberedParquet(table.path)
  const reasons = breaking.map(
    (check) =>
      `SELECT file_row_number AS number, ${text(check.rule.words)} AS reason FROM ${brokenRows(check, check.rule as RowRule, numbered)}`,
  )
  await duck.run(`CREATE OR REPLACE TEMP TABLE set_aside AS
    SELECT number, string_agg(reason, '; ') AS reasons FROM (${reasons.join(' UNION ALL ')}) GROUP BY number`)
  const found = await duck.rows<{ number: number }>('SELECT number FROM set_aside ORDER BY number')
  const path = `${table.path}.quarantine`
  await duck.run(`COPY (
    SELECT own.* EXCLUDE (file_row_number), number + 1 AS ${ROW}, reasons AS ${REASONS}
    FROM set_aside JOIN ${numbered} AS own ON own.file_row_number = number ORDER BY number
  ) TO ${text(path)} (FORMAT parquet, COMPRESSION zstd)`)
  const kept = `${table.path}.kept`
  await duck.run(`COPY (
    SELECT * EXCLUDE (file_row_number) FROM ${numbered} WHERE file_row_number NOT IN (SELECT number FROM set_aside)
  ) TO ${text(kept)} (FORMAT parquet, COMPRESSION zstd)`)
  await duck.run('DROP TABLE set_aside')
  await rename(kept, table.path)
  const told = results.map((result, i) => (breaking.includes(checks[i]!) ? { ...result, setAside: true } : result))
  return { path, rows: found.length, numbers: found.map((one) => one.number), results: told }
}

function tooMany(mostly: number, { passed }: ExpectationResult): boolean {
  return mostly < 1 && !passed
}

/** The number a row had before others were taken out. */
export function originalNumber(row: number, aside: SetAside | null): number {
  let number = row
  for (const gone of aside?.numbers ?? []) {
    if (gone > number) break
    number++
  }
  return number
}

/** How expectations stood: those that rows were set aside for as they were before, the others of what is left. */
export function resultsWith(aside: SetAside | null, after: readonly ExpectationResult[]): ExpectationResult[] {
  const before = aside?.results[Symbol.iterator]()
  return after.map((result) => (before && result.otherwise === 'quarantine' ? before.next().value! : result))
}
