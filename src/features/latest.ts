import type { Duck } from '#data'
import { openRelation, type ViewInput } from './relation.ts'

/**
 * The row of each entity that holds now, as SQL: `k0…`, `e`, `c`, `f0…`. Entities without a whole key have none, and what
 * is dated after `now` (µs) holds later.
 *
 * @throws what `openRelation` throws
 */
export async function latestRows(duck: Duck, input: ViewInput, now: number): Promise<string> {
  const relation = await openRelation(duck, input)
  const keys = input.view.entities.map((_, i) => `k${i}`)
  const features = input.view.columns.map((_, i) => `f${i}`)
  const whole = keys.map((key) => `${key} IS NOT NULL`).join(' AND ')
  const packed = ['e', 'c', ...features].map((column) => `'${column}': ${column}`).join(', ')
  const given = ['e', 'c', ...features].map((column) => `last.${column} AS ${column}`).join(', ')
  return `SELECT ${keys.join(', ')}, ${given} FROM (
    SELECT ${keys.join(', ')}, arg_max({${packed}}, row(e, c, r)) AS last
    FROM (${relation.select()}) WHERE e <= ${now} AND ${whole} GROUP BY ALL)`
}

/** The first moment after `now` (µs) at which a row begins to hold; null when there is none. */
export async function nextRow(duck: Duck, input: ViewInput, now: number): Promise<number | null> {
  const relation = await openRelation(duck, input)
  const { next } = await duck.row<{ next: number | null }>(
    `SELECT min(e) AS next FROM (${relation.select()}) WHERE e > ${now}`,
  )
  return next
}
