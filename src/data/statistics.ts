import type { ColumnProfile, Histogram } from './contract.ts'
import type { Duck } from './duckdb.ts'
import type { Holds } from './read/raw-table.ts'
import { name, numberedParquet, parquet } from './sql.ts'

/** Columns that are computed in one scan: planning time grows with the square of a statement's length. */
const BATCH = 100
/** Below, distinct values are counted; above, estimated (HyperLogLog, within about 2 %). */
const COUNTED_EXACTLY = 100_000
/** Quantiles and the edges of histograms come from at most so many rows, evenly spread. */
const SAMPLED = 100_000
const BINS = 20
const TOP = 20

/** What one scan tells of a column. */
export interface ColumnFacts {
  name: string
  stored: Holds
  present: number
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
  rows: number,
): Promise<ColumnFacts[]> {
  const distinct =
    rows <= COUNTED_EXACTLY ? (c: string) => `count(DISTINCT ${c})` : (c: string) => `approx_count_distinct(${c})`
  return inBatches([...stored], async (batch) => {
    const asked = batch.map(([column, holds]) => {
      const value = holds === 'time' ? `epoch_ms(${name(column)})::DOUBLE` : name(column)
      const counts = `present: count(${name(column)}), "distinct": ${distinct(name(column))}`
      if (holds === 'text')
        return `{${counts}, min: NULL::DOUBLE, max: NULL::DOUBLE, mean: NULL::DOUBLE, integer: false}`
      return `{${counts}, min: min(${value}), max: max(${value}), mean: avg(${value}), integer: coalesce(bool_and(${value} = floor(${value})), false)}`
    })
    const { found } = await duck.row<{ found: Omit<ColumnFacts, 'name' | 'stored'>[] }>(
      `SELECT [${asked.join(', ')}] AS found FROM ${parquet(path)}`,
    )
    return batch.map(([column, holds], i) => ({ name: column, stored: holds, ...found[i]! }))
  })
}

type Numbers = NonNullable<ColumnProfile['numbers']>

/** Spread, quantiles and histograms of the columns of numbers that hold any. */
export async function numberProfiles(
  duck: Duck,
  path: string,
  facts: readonly ColumnFacts[],
  rows: number,
): Promise<Map<string, Numbers>> {
  const columns = facts.filter((column) => column.stored === 'number' && column.present > 0)
  const every = Math.max(1, Math.ceil(rows / SAMPLED))
  const sample = `${numberedParquet(path)} WHERE file_row_number % ${every} = 0`
  const profiles = await inBatches(columns, async (batch) => {
    const looks = batch.map(({ name: column, distinct }) => {
      const value = name(column)
      const few =
        distinct <= BINS ? `list_sort(list(DISTINCT ${value}) FILTER (${value} IS NOT NULL))` : 'NULL::DOUBLE[]'
      return `{q: quantile_cont(${value}, ${QUANTILES}), few: ${few}}`
    })
    const { seen } = await duck.row<{ seen: Look[] }>(
      `SELECT [${looks.join(', ')}] AS seen FROM (SELECT * FROM ${sample})`,
    )
    const edges = batch.map((column, i) => edgesFor(column, seen[i]!))
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
    return batch.map((column, i) => {
      const histogram = { edges: edges[i]!, counts: found[i]!.bins.slice(0, edges[i]!.length - 1) }
      return [column.name, numbersOf(column, seen[i]!, found[i]!.spread, histogram)] as const
    })
  })
  return new Map(profiles)
}

const QUANTILES = '[0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.005, 0.995]'

interface Look {
  q: number[] | null
  /** All values in order, where there are few. */
  few: number[] | null
}

function numbersOf(column: ColumnFacts, { q }: Look, spread: number | null, histogram: Histogram): Numbers {
  // A sample may hold no value of a column that is nearly always missing.
  const [p01, p05, p25, p50, p75, p95, p99] = (q ?? new Array(7).fill(column.mean)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return {
    min: column.min!,
    max: column.max!,
    mean: finite(column.mean),
    std: finite(spread),
    quantiles: { p01, p05, p25, p50, p75, p95, p99 },
    histogram,
  }
}

/** One value has no spread, and the sum of numbers near 1e308 is none. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}

/**
 * Edges of at most 20 bins from the least to the greatest value: one bin per value where there are few, else equally
 * wide ones over the middle 99 %, so that a single outlier does not flatten the picture; the outer bins reach to the ends.
 */
function edgesFor({ min, max }: ColumnFacts, { q, few }: Look): number[] {
  if (few && few.length > 0 && few.length <= BINS) {
    const between = few.slice(1).map((value, i) => (few[i]! + value) / 2)
    return rising([Math.min(min!, few[0]!), ...between, Math.max(max!, few.at(-1)!)])
  }
  const [low, high] = q && q[8]! > q[7]! ? [q[7]!, q[8]!] : [min!, max!]
  const width = high / BINS - low / BINS
  const inner = Array.from({ length: BINS - 1 }, (_, i) => low + width * (i + 1))
  return rising([min!, ...inner, max!])
}

/** Strictly rising from the first to the last: rounding can make neighbours equal. A single value gets one bin. */
function rising(edges: number[]): number[] {
  const [first, last] = [edges[0]!, edges.at(-1)!]
  if (first === last) return [first, last]
  const inner = edges.slice(1, -1).filter((edge, i, all) => edge > (i === 0 ? first : all[i - 1]!) && edge < last)
  return [first, ...inner, last]
}

type Categories = NonNullable<ColumnProfile['categories']>

/** The most frequent values of a text column; equal counts in the order of their bytes. */
export async function topCategories(duck: Duck, path: string, column: ColumnFacts): Promise<Categories> {
  const top = await duck.rows<{ value: string; count: number }>(
    `SELECT ${name(column.name)} AS value, count(*) AS count FROM ${parquet(path)} WHERE value IS NOT NULL GROUP BY value ORDER BY count DESC, value LIMIT ${TOP}`,
  )
  return { top, other: column.present - top.reduce((sum, one) => sum + one.count, 0) }
}

async function inBatches<In, Out>(all: readonly In[], work: (batch: In[]) => Promise<Out[]>): Promise<Out[]> {
  const done: Out[] = []
  for (let from = 0; from < all.length; from += BATCH) done.push(...(await work(all.slice(from, from + BATCH))))
  return done
}
