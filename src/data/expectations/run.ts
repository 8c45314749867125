import type { Expectation } from '#projects/contract'
import type { ExpectationResult } from '../contract.ts'
import type { Duck } from '../duckdb.ts'
import { countWhere, numberedParquet, parquet } from '../sql.ts'
import { type Check, compile } from './compile.ts'
import { checkCondition, checkPattern } from './condition.ts'
import { checkRowsPer } from './rows-per.ts'
import type { CheckedTable, Measured, MeasuredRule, RowRule } from './rule.ts'

/** Rows shown of those that break an expectation. */
const SHOWN = 5

/** Aggregates in one statement: planning time grows with the square of its length. */
const BATCH = 100

/**
 * Checks a stored table. Missing values break only what is about them. An entry that says several things gives one
 * result for each. All that aggregates can tell is asked for in one scan, whatever the number of entries; only order,
 * repetition and other tables cost a statement each.
 *
 * @throws ExpectationUnreadable for a condition or a regular expression that cannot be read
 */
export async function checkTable(
  duck: Duck,
  table: CheckedTable,
  expectations: readonly Expectation[],
): Promise<ExpectationResult[]> {
  const checks = await readable(duck, table, expectations)
  const counted = await countAll(
    duck,
    table,
    checks.flat().filter((one) => one !== null),
  )
  const results: ExpectationResult[] = []
  for (const [i, entry] of expectations.entries()) {
    if ('rows_per' in entry) results.push(await checkRowsPer(duck, table, entry))
    for (const check of checks[i]!) results.push(await resultOf(duck, table, check, counted))
  }
  return results
}

/** The checks of each entry; what a person wrote in SQL or as a pattern is tried before it stands in a long statement. */
export async function readable(
  duck: Duck,
  table: CheckedTable,
  expectations: readonly Expectation[],
): Promise<Check[][]> {
  const relation = parquet(table.path)
  const checks: Check[][] = []
  for (const entry of expectations) {
    if ('rows_per' in entry) {
      checks.push([])
      continue
    }
    const written = entry as Record<string, unknown>
    for (const key of ['when', 'holds'])
      if (typeof written[key] === 'string') await checkCondition(duck, written[key], relation)
    for (const key of ['match', 'not_match', 'match_any', 'match_all', 'match_none'])
      for (const pattern of [written[key] ?? []].flat()) await checkPattern(duck, pattern as string)
    checks.push(compile(entry, table))
  }
  return checks
}

interface Counted {
  rows: number
  /** Of each check that aggregates tell: its values, for rows `[failing, about]`. */
  values: ReadonlyMap<Check, readonly Measured[]>
}

async function countAll(duck: Duck, table: CheckedTable, checks: readonly Check[]): Promise<Counted> {
  const asked = checks.flatMap((check) => {
    const { rule, when } = check
    // A quick count is of all rows; with a condition those that count have to be looked at.
    if (rule.judges === 'rows' && (!rule.from || (rule.count !== undefined && when === undefined)))
      return [{ check, sql: rowCounts(check, rule) }]
    // An aggregate takes no condition that it was not written with: those go over the rows that count.
    if (rule.judges === 'column' && when === undefined) return [{ check, sql: [...rule.aggregates] }]
    return []
  })
  const sql = asked.flatMap((one) => one.sql)
  const values: Measured[] = []
  let rows = 0
  for (let from = 0; from === 0 || from < sql.length; from += BATCH) {
    const batch = sql.slice(from, from + BATCH).map((one, i) => `${one} AS v${i}`)
    const found = await duck.row<Record<string, Measured>>(
      `SELECT ${['count(*) AS rows', ...batch].join(', ')} FROM ${parquet(table.path)}`,
    )
    rows = found.rows as number
    values.push(...batch.map((_, i) => plain(found[`v${i}`])))
  }
  const counted = new Map<Check, readonly Measured[]>()
  let at = 0
  for (const { check, sql: own } of asked) {
    counted.set(check, values.slice(at, at + own.length))
    at += own.length
  }
  return { rows, values: counted }
}

function plain(value: Measured | undefined): Measured {
  // A quotient of nothing is NaN, which is no measure.
  return value === undefined || (typeof value === 'number' && Number.isNaN(value)) ? null : value
}

/** The rows that break it, and those it is about where not all count. */
function rowCounts({ when, mostly }: Check, rule: RowRule): string[] {
  const about = rule.about ?? 'true'
  const counting = when === undefined ? about : `(${about}) AND (${when}\n)`
  const failing = rule.count ?? countWhere(`(${counting}) AND (${rule.broken})`)
  const needed = mostly < 1 || when !== undefined
  return [failing, needed ? countWhere(counting) : 'NULL::BIGINT']
}

async function resultOf(duck: Duck, table: CheckedTable, check: Check, counted: Counted): Promise<ExpectationResult> {
  const { rule, key, column, otherwise, when } = check
  const base = {
    expectation: when === undefined ? rule.words : `${rule.words} where ${when.trim()}`,
    column,
    otherwise,
    rule: key,
    skew: rule.judges === 'schema' ? ('schema' as const) : ('value' as const),
  }
  const none = { failing: 0, sample: [] }
  if (rule.judges === 'schema') return { ...base, ...rule.verdict, ...none }
  if (rule.judges === 'rows') return { ...base, ...(await rowsResult(duck, table, check, rule, counted)) }
  const relation = when === undefined ? parquet(table.path) : `(SELECT * FROM ${parquet(table.path)} WHERE (${when}\n))`
  if (rule.judges === 'asked') return { ...base, ...(await rule.ask(duck, relation)), ...none }
  return { ...base, ...rule.judge(counted.values.get(check) ?? (await measure(duck, relation, rule))), ...none }
}

async function measure(duck: Duck, relation: string, { aggregates }: MeasuredRule): Promise<Measured[]> {
  const found = await duck.row<Record<string, Measured>>(
    `SELECT ${aggregates.map((one, i) => `${one} AS v${i}`).join(', ')} FROM ${relation}`,
  )
  return aggregates.map((_, i) => plain(found[`v${i}`]))
}

async function rowsResult(duck: Duck, table: CheckedTable, check: Check, rule: RowRule, counted: Counted) {
  const numbered = numberedParquet(table.path)
  const [failing, about] =
    (counted.values.get(check) as [number, number | null] | undefined) ??
    (await countAside(duck, check, rule, numbered))
  const rows = about ?? counted.rows
  if (failing === 0) return { passed: true, observed: 'holds in every row', failing, sample: [] }
  const sample = await duck.rows<{ row: number; value: string | null }>(
    `SELECT file_row_number + 1 AS row, CAST(${rule.shown} AS VARCHAR) AS value FROM ${brokenRows(check, rule, numbered)} ORDER BY 1 LIMIT ${SHOWN}`,
  )
  const first = sample[0]!
  const words = `${failing.toLocaleString('en-US')} of ${rows.toLocaleString('en-US')} rows break it`
  const passed = check.mostly < 1 && failing <= (1 - check.mostly) * rows + 1e-9
  const enough = passed ? `, which is within ${Number(((1 - check.mostly) * 100).toPrecision(6))} %` : ''
  return {
    passed,
    observed: `${words}${enough}, such as row ${first.row} (${first.value ?? 'missing'})`,
    failing,
    sample,
  }
}

async function countAside(duck: Duck, check: Check, rule: RowRule, numbered: string): Promise<[number, number | null]> {
  const from = rule.from!(scope(check, numbered))
  const about = rule.about ?? 'true'
  const { failing, counting } = await duck.row<{ failing: number; counting: number }>(
    `SELECT ${countWhere(`(${about}) AND (${rule.broken})`)} AS failing, ${countWhere(about)} AS counting FROM ${from}`,
  )
  return [failing, check.mostly < 1 || check.when !== undefined ? counting : null]
}

/** Order and repetition are those of the rows that count. */
function scope({ when }: Check, numbered: string): string {
  return when === undefined ? numbered : `(SELECT * FROM ${numbered} WHERE (${when}\n))`
}

/** The rows that break a rule, as a relation to select from. */
export function brokenRows(check: Check, rule: RowRule, numbered: string): string {
  const from = rule.from ? rule.from(scope(check, numbered)) : scope(check, numbered)
  return `${from} WHERE (${rule.about ?? 'true'}) AND (${rule.broken})`
}
