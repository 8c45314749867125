import type { Duck } from '#data'
import type { FeatureStatistics } from './contract.ts'
import type { FeatureColumn } from './definition.ts'

const MOST_VALUES = 10

/** What each feature is like over a relation with the columns `f0…`: one scan, and one more for each column of text. */
export async function statisticsOf(
  duck: Duck,
  columns: readonly FeatureColumn[],
  relation: string,
): Promise<FeatureStatistics[]> {
  const facts = columns.map(({ type }, i) => {
    const cell = `f${i}`
    const numbers = `min: min(${cell}), max: max(${cell}), mean: avg(${cell}), std: stddev_samp(${cell}), q: approx_quantile(${cell}, [0.05, 0.5, 0.95])`
    return `{rows: count(*), known: count(${cell}), distinct_values: approx_count_distinct(${cell})${type === 'number' ? `, ${numbers}` : ''}} AS s${i}`
  })
  const row = await duck.row<Record<string, Found>>(`SELECT ${facts.join(', ')} FROM ${relation}`)
  const statistics: FeatureStatistics[] = []
  for (const [i, { name, type }] of columns.entries()) {
    const { rows, known, distinct_values, min, max, mean, std, q } = row[`s${i}`]!
    const numbers =
      type === 'number' && known > 0
        ? { min: min!, max: max!, mean: finite(mean), std: finite(std), p05: q![0]!, p50: q![1]!, p95: q![2]! }
        : null
    const top = type === 'text' ? await topValues(duck, `f${i}`, relation) : null
    statistics.push({ name, rows, missing: rows - known, distinct: Math.min(distinct_values, known), numbers, top })
  }
  return statistics
}

interface Found {
  rows: number
  known: number
  distinct_values: number
  min?: number
  max?: number
  mean?: number | null
  std?: number | null
  q?: number[]
}

const finite = (value: number | null | undefined) => (value != null && Number.isFinite(value) ? value : null)

async function topValues(duck: Duck, cell: string, relation: string): Promise<{ value: string; count: number }[]> {
  return duck.rows(
    `SELECT left(${cell}, 100) AS value, count(*) AS count FROM ${relation} WHERE ${cell} IS NOT NULL
     GROUP BY ALL ORDER BY count DESC, value LIMIT ${MOST_VALUES}`,
  )
}
