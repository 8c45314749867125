import type { NumericColumn } from '#platform/table'
import type { ColumnProfile } from './contract.ts'
import type { ColumnFacts } from './column-facts.ts'
import type { Duck } from './duckdb.ts'
import { readFrameWith } from './frame.ts'
import { inBatches } from './in-batches.ts'
import type { Sample } from './sample.ts'
import { name, parquet } from './sql.ts'

/** Columns that are computed in one statement: planning time grows with the square of its length. */
const BATCH = 100
/** The same where each column is grouped by: DuckDB gives each its own hash table, of 3 MB even when it is empty. */
const GROUPED_BATCH = 20
const BINS = 20
const TOP = 20

export type Numbers = NonNullable<ColumnProfile['numbers']> & { distinct: number }

/** Moments, quantiles, histograms and different values of the columns of numbers that hold any; quantiles and edges from a sample. */
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
    const near = looks.map((sorted, i) => middleOf(sorted, batch[i]!))
    const counts = batch.map((column, i) => {
      const value = name(column.name)
      // From a value in the middle: what is summed up stays small, and DuckDB's own deviation fails as a whole when one column overflows.
      const away = `(${value} - ${near[i]!}::DOUBLE)`
      const estimate =
        sample.every > 1 && column.different === null ? `approx_count_distinct(${value})` : 'NULL::BIGINT'
      return `{away: sum(${away}), squares: sum(${away} * ${away}), estimate: ${estimate},
        bins: map_values(histogram(${value}, [${edges[i]!.slice(1).join(', ')}]::DOUBLE[]))}`
    })
    const { found } = await duck.row<{ found: Moments[] }>(
      `SELECT [${counts.join(', ')}] AS found FROM ${parquet(path)}`,
    )
    return batch.map((column, i): [string, Numbers] => {
      const sorted = looks[i]!
      return [
        column.name,
        {
          min: column.min!,
          max: column.max!,
          ...meanAndSpread(found[i]!, near[i]!, column.present),
          quantiles: quantilesOf(sorted, column),
          histogram: { edges: edges[i]!, counts: found[i]!.bins.slice(0, edges[i]!.length - 1) },
          distinct: sample.every === 1 ? differentIn(sorted) : (column.different ?? found[i]!.estimate!),
        },
      ]
    })
  })
  return new Map(profiles)
}

/** What one scan tells of a column of numbers; sums are of the distances from a value in its middle. */
interface Moments {
  away: number | null
  squares: number | null
  /** DuckDB's HyperLogLog, standard error 13 %. */
  estimate: number | null
  bins: number[]
}

/**
 * Mean and standard deviation by the shifted sums of Chan, Golub & LeVeque (1983): the median lies within one deviation of
 * the mean, so that nearly no digit is lost.
 */
function meanAndSpread({ away, squares }: Moments, near: number, present: number) {
  const mean = finite(away === null ? null : near + away / present)
  const variance = present > 1 ? Math.max(0, squares! - away! ** 2 / present) / (present - 1) : null
  return { mean, std: finite(variance === null ? null : Math.sqrt(variance)) }
}

/** A sample may hold no value of a column that is nearly always missing. */
function middleOf(sorted: Float64Array, { min }: ColumnFacts): number {
  return sorted.length > 0 ? sorted[Math.floor(sorted.length / 2)]! : min!
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

/** Different values of columns that are neither counted otherwise nor described by their values: times, and names. */
export async function estimatesOf(
  duck: Duck,
  path: string,
  columns: readonly ColumnFacts[],
): Promise<Map<string, number>> {
  const estimates = await inBatches(columns, BATCH, async (batch) => {
    const asked = batch.map(({ name: column }, i) => `approx_count_distinct(${name(column)}) AS v${i}`)
    const found = await duck.row<Record<string, number>>(`SELECT ${asked.join(', ')} FROM ${parquet(path)}`)
    return batch.map((column, i): [string, number] => [column.name, Math.min(column.present, found[`v${i}`]!)])
  })
  return new Map(estimates)
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
