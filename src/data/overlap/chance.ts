import type { Duck } from '../duckdb.ts'
import { numberedParquet } from '../sql.ts'

/** Rows that are enough to tell how often two of them agree in a cell. */
const SAMPLED = 10_000

/** For each kind of cell, how often two rows agree in it: Simpson's index of its values, without replacement. */
export async function agreementsOf(
  duck: Duck,
  path: string,
  cells: readonly string[],
  rows: number,
): Promise<number[]> {
  const every = Math.max(1, Math.ceil(rows / SAMPLED))
  const placed = cells.map((cell, i) => `${cell} AS c${i}`)
  await duck.run(`CREATE OR REPLACE TEMP TABLE agreeing AS
    SELECT ${placed.join(', ')} FROM ${numberedParquet(path)} WHERE file_row_number % ${every} = 0`)
  const agreements: number[] = []
  for (const i of cells.keys()) {
    const { agree } = await duck.row<{ agree: number | null }>(`
      SELECT sum(n * (n - 1)) / nullif(sum(n) * (sum(n) - 1), 0) AS agree
      FROM (SELECT count(*)::DOUBLE AS n FROM agreeing GROUP BY c${i})`)
    agreements.push(agree ?? 0)
  }
  await duck.run('DROP TABLE agreeing')
  return agreements
}

/**
 * The share of rows that at least one of `others` would be like by chance, in all but `most` cells, if columns knew nothing of each
 * other: at most one, and an upper bound (Boole). Cells that differ are Poisson-binomial.
 */
export function likeByChance(agreements: readonly number[], most: number, others: number): number {
  const differ = new Float64Array(most + 1)
  differ[0] = 1
  for (const agree of agreements)
    for (let k = most; k >= 0; k--) differ[k] = differ[k]! * agree + (k > 0 ? differ[k - 1]! * (1 - agree) : 0)
  return Math.min(1, others * differ.reduce((sum, p) => sum + p, 0))
}
