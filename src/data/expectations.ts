import { formatDuration } from '#platform/time'
import type { Expectation } from '#projects/contract'
import type { ExpectationResult } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { ExpectationsFailed } from './errors.ts'
import { eventTime } from './event-time.ts'
import type { Holds } from './read/raw-table.ts'
import { name, numberedParquet, parquet, text } from './sql.ts'

/** Rows shown of those that break an expectation. */
const SHOWN = 5

/**
 * Checks a stored table. Missing values break only `not_null`. An entry that says several things about its column
 * gives one result for each.
 *
 * @param time the columns that say when a row happened; `rows_per` needs them
 */
export async function checkExpectations(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
  expectations: readonly Expectation[],
  time: readonly string[] | undefined,
): Promise<ExpectationResult[]> {
  const results: ExpectationResult[] = []
  for (const expectation of expectations) {
    if ('rows_per' in expectation) results.push(await checkRowsPer(duck, path, stored, expectation, time))
    else for (const rule of rulesOf(expectation, stored)) results.push(await checkRule(duck, path, stored, rule))
  }
  return results
}

/** @throws ExpectationsFailed when one that is to stop the pipeline does not hold */
export function stopOnFailure(results: readonly ExpectationResult[]): void {
  const failed = results.filter((result) => !result.passed && result.otherwise === 'stop')
  if (failed.length > 0) throw new ExpectationsFailed(failed)
}

type ColumnExpectation = Extract<Expectation, { column: string }>
type RowsExpectation = Extract<Expectation, { rows_per: number }>

interface Rule {
  column: string
  otherwise: 'stop' | 'warn'
  expectation: string
  /** SQL that is true for a row that breaks it. */
  broken: string
  /** Needs numbers: on text it cannot hold. */
  numbers?: boolean
}

function rulesOf(written: ColumnExpectation, stored: ReadonlyMap<string, Holds>): Rule[] {
  const { column, otherwise, between, in: allowed, not_null, unique } = written
  const cell = name(column)
  const rules: Rule[] = []
  const add = (expectation: string, broken: string, numbers = false) =>
    rules.push({ column, otherwise, expectation: `${column} ${expectation}`, broken, numbers })
  if (between) {
    const [low, high] = between
    add(`is between ${low} and ${high}`, `${cell} < ${low} OR ${cell} > ${high}`, true)
  }
  if (allowed) {
    const values =
      stored.get(column) === 'number'
        ? allowed.map(Number).filter(Number.isFinite)
        : allowed.map((one) => text(one.trim()))
    add(
      `is one of ${allowed.join(', ')}`,
      values.length > 0 ? `${cell} NOT IN (${values.join(', ')})` : `${cell} IS NOT NULL`,
    )
  }
  if (not_null) add('is never missing', `${cell} IS NULL`)
  if (unique) add('is different in every row', REPEATED)
  return rules
}

/** Stands for "this value occurred in an earlier row", which is no condition on one row. */
const REPEATED = 'repeated'

async function checkRule(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
  { column, otherwise, expectation, broken, numbers }: Rule,
): Promise<ExpectationResult> {
  const result = { expectation, column, otherwise }
  const holds = stored.get(column)
  if (holds === undefined) return { ...result, ...failedAsAWhole('there is no such column') }
  if (numbers && holds !== 'number')
    return { ...result, ...failedAsAWhole(`it holds ${holds === 'text' ? 'text' : 'times'}`) }
  const cell = name(column)
  const { failing, rows } =
    broken === REPEATED
      ? await duck.row<{ failing: number; rows: number }>(
          `SELECT count(${cell}) - count(DISTINCT ${cell}) AS failing, count(*) AS rows FROM ${parquet(path)}`,
        )
      : await duck.row<{ failing: number; rows: number }>(
          `SELECT count(*) FILTER (${broken}) AS failing, count(*) AS rows FROM ${parquet(path)}`,
        )
  if (failing === 0) return { ...result, passed: true, observed: 'holds in every row', failing, sample: [] }
  const numbered = numberedParquet(path)
  const sample = await duck.rows<{ row: number; value: string | null }>(
    broken === REPEATED
      ? `SELECT max(file_row_number) + 1 AS row, CAST(${cell} AS VARCHAR) AS value FROM ${numbered} WHERE ${cell} IS NOT NULL GROUP BY ${cell} HAVING count(*) > 1 ORDER BY 1 LIMIT ${SHOWN}`
      : `SELECT file_row_number + 1 AS row, CAST(${cell} AS VARCHAR) AS value FROM ${numbered} WHERE ${broken} ORDER BY 1 LIMIT ${SHOWN}`,
  )
  const first = sample[0]!
  const observed = `${failing.toLocaleString('en-US')} of ${rows.toLocaleString('en-US')} rows break it, such as row ${first.row} (${first.value ?? 'missing'})`
  return { ...result, passed: false, observed, failing, sample }
}

function failedAsAWhole(observed: string) {
  return { passed: false, observed, failing: 0, sample: [] }
}

/** Periods are aligned to 1970 in UTC. The first and the last are left out: the table may begin or end within them. */
async function checkRowsPer(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
  { rows_per: period, equals, between, otherwise }: RowsExpectation,
  time: readonly string[] | undefined,
): Promise<ExpectationResult> {
  const [low, high] = between ?? [equals!, equals!]
  const wanted = low === high ? `${low}` : `${low} to ${high}`
  const result = { expectation: `${wanted} rows per ${formatDuration(period)}`, column: null, otherwise }
  if (!time?.length) return { ...result, ...failedAsAWhole('no `time` says when a row happened') }
  // Counted by DuckDB as a whole: a table may have more periods than memory has room for.
  const periods = `
    WITH counted AS (
      SELECT floor(${eventTime(time, stored)} / ${period})::BIGINT AS number, count(*) AS rows FROM ${parquet(path)} GROUP BY number
    ), inner_periods AS (
      SELECT * FROM counted WHERE number > (SELECT min(number) FROM counted) AND number < (SELECT max(number) FROM counted)
    )`
  const { first, last, present, off } = await duck.row<{
    first: number | null
    last: number
    present: number
    off: number
  }>(
    `${periods} SELECT min(number) AS first, max(number) AS last, (SELECT count(*) FROM inner_periods) AS present,
       (SELECT count(*) FROM inner_periods WHERE rows NOT BETWEEN ${low} AND ${high}) AS off FROM counted`,
  )
  if (first === null) return { ...result, ...failedAsAWhole('no row says when it happened') }
  const whole = Math.max(0, last - first - 1)
  const failing = off + (low > 0 ? whole - present : 0)
  if (failing === 0)
    return {
      ...result,
      passed: true,
      observed: `holds in all ${whole.toLocaleString('en-US')} whole periods`,
      failing,
      sample: [],
    }
  const shown = await duck.rows<{ number: number; rows: number }>(`${periods}
    SELECT number, rows FROM (
      SELECT number, rows FROM inner_periods WHERE rows NOT BETWEEN ${low} AND ${high}
      UNION ALL
      SELECT number + 1, 0 FROM (SELECT number, lead(number) OVER (ORDER BY number) AS next FROM counted) WHERE next > number + 1 AND ${low} > 0
    ) ORDER BY number LIMIT ${SHOWN}`)
  const sample = shown.map(({ number, rows }) => ({ row: null, value: `${rows} from ${isoTime(number * period)}` }))
  const observed = `${failing.toLocaleString('en-US')} of ${whole.toLocaleString('en-US')} whole periods break it, such as ${sample[0]!.value}`
  return { ...result, passed: false, observed, failing, sample }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace(/:00\.000Z$/, '')
}
