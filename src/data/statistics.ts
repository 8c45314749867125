import type { NumericColumn } from '#platform/table'
import type { ColumnProfile } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { readFrameWith } from './frame.ts'
import type { Holds } from './read/raw-table.ts'
import type { Sample } from './sample.ts'
import { name, numberedParquet, parquet } from './sql.ts'

/** Columns that are computed in one statement: planning time grows with the square of its length. */
const BATCH = 100
/** The same where each column is grouped by: DuckDB gives each its own hash table, of 3 MB even when it is empty. */
const GROUPED_BATCH = 20
/** Rows whose values are told apart exactly: a table of all values of a long table would not fit. */
const COUNTED = 1_000_000
const BINS = 20
const TOP = 20

/** What one scan tells of a column. */
export interface ColumnFacts {
  name: string
  stored: Holds
  present: number
  /** Estimated (DuckDB's HyperLogLog, standard error 13 %) unless nearly every value seems to differ: then counted. */
  distinct: number
  /** Of numbers; of times in ms since 1970. */
  min: number | null
  max: number | null
  mean: number | null
  integer: boolean
}

/** Counts, extremes and means of all columns of a stored table. */
export async function columnFacts(
  duck: Duck,
  path: string,
  stored: ReadonlyMap<string, Holds>,
): Promise<ColumnFacts[]> {
  const facts = await inBatches([...stored], BATCH, async (batch) => {
    const asked = batch.map(([column, holds]) => {
      const value = holds === 'time' ? `epoch_ms(${name(column)})::DOUBLE` : name(column)
      const counts = `present: count(${name(column)}), "distinct": approx_count_distinct(${name(column)})`
      if (holds === 'text')
        return `{${counts}, min: NULL::DOUBLE, max: NULL::DOUBLE, mean: NULL::DOUBLE, integer: false}`
      return `{${counts}, min: min(${value}), max: max(${value}), mean: avg(${value}), integer: coalesce(bool_and(${value} = floor(${value})), false)}`
    })
    const { found } = await duck.row<{ found: Omit<ColumnFacts, 'name' | 'stored'>[] }>(
      `SELECT [${asked.join(', ')}] AS found FROM ${parquet(path)}`,
    )
    return batch.map(([column, holds], i) => {
      const { present, distinct, ...rest } = found[i]!
      return { name: column, stored: holds, present, distinct: Math.min(present, distinct), ...rest }
    })
  })
  for (const column of facts) if (mayBeIdentifier(column)) column.distinct = await countDifferent(duck, path, column)
  return facts
}

function mayBeIdentifier({ stored, present, distinct, integer, min, max }: ColumnFacts): boolean {
  const counts = integer && max! - min! + 1 === present
  return present > 0 && distinct > present / 2 && (stored === 'text' || (stored === 'number' && counts))
}

/** Different values among the first million rows, and as many more as the rest would bring if it were like them. */
async function countDifferent(duck: Duck, path: string, { name: column, present }: ColumnFacts): Promise<number> {
  const found = await duck.row<{ different: number; seen: number }>(
    `SELECT count(DISTINCT ${name(column)}) AS different, count(${name(column)}) AS seen FROM ${numberedParquet(path)} WHERE file_row_number < ${COUNTED}`,
  )
  return found.seen === 0 ? 0 : Math.round((found.different / found.seen) * present)
}

export type Numbers = NonNullable<ColumnProfile['numbers']> & { distinct: number }

/** Spread, quantiles, histograms and different values of the columns of numbers that hold any; quantiles and edges from a sample. */
export async function numberProfiles(
  duck: Duck,
  path: string,
  facts: readonly ColumnFacts[],
  sample: Sample,
): Promise<Map<string, Numbers>> {
  const columns = facts.filter((column) => column.stored === 'number' && column.present > 0)
  const profiles = await inBatches(columns, BATCH, async (batch) => {
    const { frame } = await readFrameWith(duck, sample.path, { columns: batch.map((column) => column.name) })
    // Sorted here, in place: DuckDB takes ten times as long for the same quantiles.
    const looks = frame.columns.map((column) => presentInOrder((column as NumericColumn).values))
    const edges = batch.map((column, i) => edgesFor(column, looks[i]!))
    const counts = batch.map(({ name: column, mean }, i) => {
      const value = name(column)
      // From the known mean: DuckDB's own deviation fails as a whole when one column overflows.
      const away = `(${value} - ${finite(mean) ?? 0}::DOUBLE)`
      const spread = `sqrt(sum(${away} * ${away}) / nullif(count(${value}) - 1, 0))`
      return `{spread: ${spread}, bins: map_values(histogram(${value}, [${edges[i]!.slice(1).join(', ')}]::DOUBLE[]))}`
    })
    const { found } = await duck.row<{ found: { spread: number | null; bins: number[] }[] }>(
      `SELECT [${counts.join(', ')}] AS found FROM ${parquet(path)}`,
    )
    return batch.map((column, i): [string, Numbers] => {
      const sorted = looks[i]!
      return [
        column.name,
        {
          min: column.min!,
          max: column.max!,
          mean: finite(column.mean),
          std: finite(found[i]!.spread),
          quantiles: quantilesOf(sorted, column),
          histogram: { edges: edges[i]!, counts: found[i]!.bins.slice(0, edges[i]!.length - 1) },
          distinct: sample.every === 1 ? differentIn(sorted) : column.distinct,
        },
      ]
    })
  })
  return new Map(profiles)
}

/** NaN, which stands for what is missing, sorts last. */
function presentInOrder(values: Float64Array): Float64Array {
  values.sort()
  let present = values.length
  while (present > 0 && Number.isNaN(values[present - 1]!)) present--
  return values.subarray(0, present)
}

function quantilesOf(sorted: Float64Array, column: ColumnFacts): Numbers['quantiles'] {
  // A sample may hold no value of a column that is nearly always missing.
  const at = (p: number) => (sorted.length > 0 ? quantile(sorted, p) : column.min!)
  return { p01: at(0.01), p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) }
}

/** By linear interpolation between neighbours (Hyndman and Fan's type 7). */
function quantile(sorted: Float64Array, p: number): number {
  const place = (sorted.length - 1) * p
  const below = Math.floor(place)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low + (high - low) * (place - below)
}

function differentIn(sorted: Float64Array): number {
  let different = sorted.length > 0 ? 1 : 0
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) different++
  return different
}

/** One value has no spread, and the sum of numbers near 1e308 is none. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}

/**
 * Edges of at most 20 bins from the least to the greatest value: one bin per value where there are few, else equally
 * wide ones over the middle 99 %, so that a single outlier does not flatten the picture; the outer bins reach to the ends.
 */
function edgesFor({ min, max }: ColumnFacts, sorted: Float64Array): number[] {
  const few = firstDifferent(sorted, BINS + 1)
  if (few.length <= BINS) {
    const between = few.slice(1).map((value, i) => (few[i]! + value) / 2)
    return rising([min!, ...between, max!])
  }
  const middle = [quantile(sorted, 0.005), quantile(sorted, 0.995)] as const
  const [low, high] = middle[1] > middle[0] ? middle : [min!, max!]
  const width = high / BINS - low / BINS
  const inner = Array.from({ length: BINS - 1 }, (_, i) => low + width * (i + 1))
  return rising([min!, ...inner, max!])
}

function firstDifferent(sorted: Float64Array, most: number): number[] {
  const different: number[] = []
  for (let i = 0; i < sorted.length && different.length < most; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) different.push(sorted[i]!)
  return different
}

/** Strictly rising from the first to the last: rounding can make neighbours equal. A single value gets one bin. */
function rising(edges: number[]): number[] {
  const [first, last] = [edges[0]!, edges.at(-1)!]
  if (first === last) return [first, last]
  const inner = edges.slice(1, -1).filter((edge, i, all) => edge > (i === 0 ? first : all[i - 1]!) && edge < last)
  return [first, ...inner, last]
}

export type Categories = NonNullable<ColumnProfile['categories']> & { distinct: number }

/** The most frequent values of text columns; equal counts in the order of their bytes. */
export async function categoryProfiles(
  duck: Duck,
  path: string,
  columns: readonly ColumnFacts[],
): Promise<Map<string, Categories>> {
  const profiles = await inBatches(columns, GROUPED_BATCH, async (batch) => {
    const parts = batch.map(
      ({ name: column }, i) =>
        `SELECT ${i} AS i, ${name(column)} AS value, count(*) AS count FROM ${parquet(path)} WHERE value IS NOT NULL GROUP BY value`,
    )
    const found = await duck.rows<{ i: number; value: string; count: number; different: number }>(`
      SELECT * FROM (
        SELECT *, count(*) OVER (PARTITION BY i) AS different,
          row_number() OVER (PARTITION BY i ORDER BY count DESC, value) AS rank
        FROM (${parts.join(' UNION ALL ')})
      ) WHERE rank <= ${TOP} ORDER BY i, rank`)
    return batch.map((column, i): [string, Categories] => {
      const mine = found.filter((one) => one.i === i)
      const top = mine.map(({ value, count }) => ({ value, count }))
      const other = column.present - top.reduce((sum, one) => sum + one.count, 0)
      return [column.name, { top, other, distinct: mine[0]?.different ?? 0 }]
    })
  })
  return new Map(profiles)
}

async function inBatches<In, Out>(
  all: readonly In[],
  size: number,
  work: (batch: In[]) => Promise<Out[]>,
): Promise<Out[]> {
  const done: Out[] = []
  for (let from = 0; from < all.length; from += size) done.push(...(await work(all.slice(from, from + size))))
  return done
}
