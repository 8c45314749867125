import { baselineOf, distributionOf, occupiedBins, populationStabilityIndex, psiNoise } from '#evaluation'
import type { Frame } from '#platform/table'
import type { Duck } from '../duckdb.ts'
import { readFrameWith, rowCount } from '../frame.ts'
import type { Holds } from '../read/raw-table.ts'
import { name, parquet } from '../sql.ts'

/** Rows of each side that distributions are compared by, evenly spread: many more change no decision. */
const SAMPLED = 100_000
/** Text with more different values has no shape to compare. */
const MOST_CATEGORIES = 1_000
/** Columns in one statement. */
const BATCH = 100

/** How far the values of each column moved, and what chance alone would bring. */
export async function distributionChanges(
  duck: Duck,
  before: string,
  after: string,
  schema: {
    was: ReadonlyMap<string, Holds>
    is: ReadonlyMap<string, Holds>
    common: readonly string[]
    retyped: readonly string[]
  },
): Promise<Map<string, { psi: number; noise: number }>> {
  const alike = schema.common.filter((column) => !schema.retyped.includes(column))
  const numbers = alike.filter((column) => schema.was.get(column) === 'number')
  const texts = alike.filter((column) => schema.was.get(column) === 'text')
  const columns = [...numbers, ...(await fewValued(duck, before, after, texts))]
  const moved = new Map<string, { psi: number; noise: number }>()
  if (columns.length === 0) return moved
  const [reference, current] = [await sample(duck, before, columns), await sample(duck, after, columns)]
  const baseline = baselineOf(reference)
  const now = distributionOf(current, baseline)
  for (const feature of baseline.features) {
    const other = now.features.find((one) => one.name === feature.name)
    if (!other) continue
    const psi = populationStabilityIndex(feature.counts, other.counts)
    const { limit } = psiNoise(occupiedBins(feature.counts, other.counts), reference.rows, current.rows)
    if (Number.isFinite(psi)) moved.set(feature.name, { psi, noise: limit })
  }
  return moved
}

async function sample(duck: Duck, path: string, columns: readonly string[]): Promise<Frame> {
  const every = Math.max(1, Math.ceil((await rowCount(duck, path)) / SAMPLED))
  return (await readFrameWith(duck, path, { columns, rows: { every } })).frame
}

async function fewValued(duck: Duck, before: string, after: string, texts: readonly string[]): Promise<string[]> {
  const few: string[] = []
  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH)
    const found = await duck.row<Record<string, number>>(
      `SELECT ${batch.map((column, i) => `approx_count_distinct(${name(column)}) AS v${i}`).join(', ')} FROM ${parquet(before, after)}`,
    )
    few.push(...batch.filter((_, i) => found[`v${i}`]! <= MOST_CATEGORIES))
  }
  return few
}
