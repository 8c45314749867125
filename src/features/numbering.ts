import type { Duck } from '#data'
import type { KeyKind } from './relation.ts'

/** A table of pointers that is mostly empty costs more than looking keys up. */
const EMPTIEST = 4
/** Numbers are kept in 32 bits. */
const MOST_ENTITIES = 2 ** 30

/** Entities by number, as SQL over rows with keys `k0…`. */
export interface Numbered {
  /** How many there are; they are numbered from 0. */
  readonly entities: number
  /** The number, as a double. */
  readonly number: string
  /** What has to be joined to say it; rows whose entity has no number fall out by it. */
  readonly join: string
  /** Of whole numbers that lie close together: the one that is number 0. */
  readonly first: number | undefined
  /** Of others: a table of keys and numbers `i`. */
  readonly table: string | undefined
}

/**
 * Numbers the entities of rows.
 *
 * @param known rows with keys `k0…`, none of which is NULL, as SQL
 * @param table a name for what keys are looked up in, if they are
 */
export async function numberEntities(
  duck: Duck,
  known: string,
  kinds: readonly KeyKind[],
  table: string,
): Promise<Numbered & { readonly rows: number }> {
  const keys = keysOf(kinds)
  if (kinds.length === 1 && kinds[0] === 'number') {
    const { low, high, whole, rows } = await duck.row<{
      low: number | null
      high: number | null
      whole: boolean | null
      rows: number
    }>(`SELECT min(k0) AS low, max(k0) AS high, bool_and(k0 = trunc(k0)) AS whole, count(*) AS rows FROM ${known}`)
    if (low !== null && high !== null && whole && isDense(low, high, rows))
      return { entities: high - low + 1, number: `k0 - ${low}`, join: '', first: low, table: undefined, rows }
  }
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE ${table} AS
     SELECT *, (row_number() OVER () - 1)::INTEGER AS i FROM (SELECT DISTINCT ${keys} FROM ${known})`,
  )
  const { entities, rows } = await duck.row<{ entities: number; rows: number }>(
    `SELECT (SELECT count(*) FROM ${table}) AS entities, (SELECT count(*) FROM ${known}) AS rows`,
  )
  return { entities, number: 'i::DOUBLE', join: `JOIN ${table} USING (${keys})`, first: undefined, table, rows }
}

const isDense = (low: number, high: number, rows: number) =>
  Math.abs(low) <= 2 ** 52 && Math.abs(high) <= 2 ** 52 && high - low < Math.min(EMPTIEST * rows + 1_000, MOST_ENTITIES)

/** Which entity of a frame each of a view's is: its number there, or -1. */
export async function entitiesOf(
  duck: Duck,
  frame: Numbered & { readonly known: string },
  view: Pick<Numbered, 'entities' | 'first'> & { readonly table: string | undefined },
  kinds: readonly KeyKind[],
): Promise<Int32Array> {
  const entityOf = new Int32Array(view.entities).fill(-1)
  if (frame.first !== undefined && view.first !== undefined) {
    const shift = view.first - frame.first
    const from = Math.max(0, -shift)
    const end = Math.min(view.entities, frame.entities - shift)
    for (let i = from; i < end; i++) entityOf[i] = i + shift
    return entityOf
  }
  if (view.table !== undefined && view.table === frame.table) return entityOf.map((_, i) => i)
  const known = frame.table ?? `(SELECT DISTINCT k0 FROM ${frame.known})`
  const pairs =
    view.table === undefined
      ? `SELECT ${frame.number} AS f, k0 - ${view.first!} AS v FROM ${known}
         WHERE k0 = trunc(k0) AND k0 BETWEEN ${view.first!} AND ${view.first! + view.entities - 1}`
      : `SELECT ${frame.table ? 'f.i::DOUBLE' : `f.${frame.number}`} AS f, v.i::DOUBLE AS v
         FROM ${known} f JOIN ${view.table} v USING (${keysOf(kinds)})`
  for await (const chunk of duck.chunks(pairs)) {
    const [f, v] = [0, 1].map((k) => (chunk.getColumnVector(k) as unknown as { items: Float64Array }).items)
    for (let i = 0; i < chunk.rowCount; i++) entityOf[v![i]!] = f![i]!
  }
  return entityOf
}

const keysOf = (kinds: readonly KeyKind[]) => kinds.map((_, i) => `k${i}`).join(', ')
