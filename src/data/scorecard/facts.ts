import type { Duck } from '../duckdb.ts'
import { storedTypes } from '../event-time.ts'
import { name, parquet } from '../sql.ts'

/** Rows with the same features and another label than most of them. */
export interface Contradictions {
  rows: number
  groups: number
}

/**
 * Rows that no function of the features can label: those with the same features as others and not their most frequent
 * label.
 */
export async function contradictions(
  duck: Duck,
  path: string,
  features: readonly string[],
  label: string,
): Promise<Contradictions> {
  return duck.row(`
    SELECT coalesce(sum(rows - most), 0)::BIGINT AS rows, count(*) AS groups FROM (
      SELECT h, sum(n) AS rows, max(n) AS most FROM (
        SELECT hash(${features.map(name).join(', ')}) AS h, ${name(label)} AS label, count(*) AS n
        FROM ${parquet(path)} WHERE ${name(label)} IS NOT NULL GROUP BY ALL
      ) GROUP BY h HAVING count(*) > 1
    )`)
}

/** Values of a segment with their rows, most first. */
export async function segmentCounts(
  duck: Duck,
  path: string,
  column: string,
): Promise<{ value: string; rows: number }[]> {
  return duck.rows(
    `SELECT coalesce(CAST(${name(column)} AS VARCHAR), 'missing') AS value, count(*) AS rows FROM ${parquet(path)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200`,
  )
}

/** Rows of a reference sample found in the table by key, and the cells of common columns that agree. */
export async function agreement(
  duck: Duck,
  path: string,
  reference: string,
  key: readonly string[],
): Promise<{ matched: number; cells: number; agreeing: number; worst: { column: string; share: number } | null }> {
  const [own, other] = [await storedTypes(duck, parquet(path)), await storedTypes(duck, parquet(reference))]
  const common = [...own.keys()].filter((column) => other.has(column) && !key.includes(column))
  const equal = (column: string) =>
    own.get(column) === 'number' && other.get(column) === 'number'
      ? // Figures that were rounded on one side only still agree.
        `abs(a.${name(column)} - b.${name(column)}) <= 1e-9 * greatest(1, abs(b.${name(column)}))`
      : `CAST(a.${name(column)} AS VARCHAR) = CAST(b.${name(column)} AS VARCHAR)`
  const known = (column: string) => `b.${name(column)} IS NOT NULL`
  const counts = common.flatMap((column, i) => [
    `count(*) FILTER (${known(column)}) AS known${i}`,
    `count(*) FILTER (${known(column)} AND coalesce(${equal(column)}, false)) AS same${i}`,
  ])
  const found = await duck.row<Record<string, number>>(
    `SELECT ${['count(*) AS matched', ...counts].join(', ')} FROM ${parquet(reference)} AS b JOIN ${parquet(path)} AS a ON ${key.map((column) => `a.${name(column)} = b.${name(column)}`).join(' AND ')}`,
  )
  const shares = common.flatMap((column, i) =>
    found[`known${i}`]! > 0 ? [{ column, share: found[`same${i}`]! / found[`known${i}`]! }] : [],
  )
  return {
    matched: found.matched!,
    cells: common.reduce((sum, _, i) => sum + found[`known${i}`]!, 0),
    agreeing: common.reduce((sum, _, i) => sum + found[`same${i}`]!, 0),
    worst: shares.toSorted((a, b) => a.share - b.share)[0] ?? null,
  }
}
