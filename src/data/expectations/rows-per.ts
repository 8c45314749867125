import { formatDuration } from '#platform/time'
import type { Expectation } from '#projects/contract'
import type { ExpectationResult } from '../contract.ts'
import type { Duck } from '../duckdb.ts'
import { eventTime } from '../event-time.ts'
import { parquet } from '../sql.ts'
import type { CheckedTable } from './rule.ts'

export type RowsEntry = Extract<Expectation, { rows_per: number }>

/** Periods shown of those that break it. */
const SHOWN = 5

function failedAsAWhole(observed: string) {
  return { passed: false, observed, failing: 0, sample: [] }
}

/** Periods are aligned to 1970 in UTC. The first and the last are left out: the table may begin or end within them. */
export async function checkRowsPer(
  duck: Duck,
  { path, stored, time }: CheckedTable,
  { rows_per: period, equals, between, otherwise }: RowsEntry,
): Promise<ExpectationResult> {
  const [low, high] = between ?? [equals!, equals!]
  const wanted = low === high ? `${low}` : `${low} to ${high}`
  const result = {
    expectation: `${wanted} rows per ${formatDuration(period)}`,
    column: null,
    otherwise,
    rule: 'rows_per',
    skew: 'value' as const,
  }
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
