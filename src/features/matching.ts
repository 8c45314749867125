import type { Duck } from '#data'
import type { Side } from './asof.ts'
import { type Matching, openMatching, type SortedFrame } from './match.ts'
import type { KeyKind, Relation, ViewInput } from './relation.ts'

/** More than this would be held in memory; what is larger is left to DuckDB, which goes to disk. */
const MOST_BYTES = 512 * 2 ** 20

/** A table of pointers that is mostly empty costs more than looking keys up. */
const EMPTIEST = 4

/** A frame as SQL: keys `k0…` as a view has them, `t` in µs (NULL where it has no time), its row `n`. */
export interface KeyedFrame {
  readonly select: string
  readonly rows: number
}

/** A frame sorted by the keys of a view. */
export interface Sorted {
  readonly frame: SortedFrame
  /** The row of the frame of each place. */
  readonly row: Int32Array
  readonly rows: number
  /** First and last moment, µs. */
  readonly span: readonly [number, number]
  /** The number of the entity of a row with keys `k0…`, as SQL; what has to be joined to say so; and the first one. */
  readonly entity: string
  readonly join: string
  readonly first: number
}

/** Whether a view can be matched in memory: it fits, and its texts stand in numbered rows, by which they are found again. */
export function isMatchable({ view }: ViewInput, relation: Relation, rows: number, mostBytes = MOST_BYTES): boolean {
  const texts = view.columns.some(({ type }) => type === 'text')
  const columns = 5 + view.columns.length * 2
  return (relation.numbered || !texts) && rows * columns * 8 <= mostBytes
}

/**
 * Sorts a frame by entity and time.
 *
 * @param table a name for what keys are looked up in, if they are
 */
export async function sortFrame(
  duck: Duck,
  { select, rows }: KeyedFrame,
  kinds: readonly KeyKind[],
  table: string,
): Promise<Sorted> {
  const keys = kinds.map((_, i) => `k${i}`)
  const known = `(SELECT * FROM (${select}) WHERE t IS NOT NULL AND ${keys.map((key) => `${key} IS NOT NULL`).join(' AND ')})`
  const direct = kinds.length === 1 && kinds[0] === 'number' ? await directly(duck, known) : undefined
  let entities = direct?.entities ?? 0
  const { entity, join, first } = direct ?? {
    ...{ entity: 'i::DOUBLE', join: `JOIN ${table} USING (${keys.join(', ')})`, first: 0 },
  }
  if (!direct) {
    await duck.run(
      `CREATE OR REPLACE TEMP TABLE ${table} AS
       SELECT *, (row_number() OVER () - 1)::INTEGER AS i FROM (SELECT DISTINCT ${keys.join(', ')} FROM ${known})`,
    )
    entities = (await duck.row<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)).n
  }
  const { count } = await duck.row<{ count: number }>(`SELECT count(*) AS count FROM ${known}`)
  const starts = new Int32Array(entities + 1)
  const [at, row] = [new Float64Array(count), new Int32Array(count)]
  let place = 0
  const sorted = `SELECT ${entity} AS of, t::DOUBLE AS t, n::INTEGER AS n FROM ${known} ${join} ORDER BY of, t`
  for await (const chunk of duck.chunks(sorted)) {
    const of = chunk.getColumnVector(0) as unknown as { items: Float64Array }
    at.set((chunk.getColumnVector(1) as unknown as { items: Float64Array }).items.subarray(0, chunk.rowCount), place)
    row.set((chunk.getColumnVector(2) as unknown as { items: Int32Array }).items.subarray(0, chunk.rowCount), place)
    for (let i = 0; i < chunk.rowCount; i++) starts[of.items[i]! - first + 1]!++
    place += chunk.rowCount
  }
  for (let i = 0; i < entities; i++) starts[i + 1]! += starts[i]!
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const time of at) {
    if (time < low) low = time
    if (time > high) high = time
  }
  return { frame: { starts, at }, row, rows, span: [low, high], entity, join, first }
}

/** Whole numbers that lie close together are places by themselves. */
async function directly(duck: Duck, known: string) {
  const { low, high, whole, different } = await duck.row<{
    low: number | null
    high: number | null
    whole: boolean | null
    different: number
  }>(
    `SELECT min(k0) AS low, max(k0) AS high, bool_and(k0 = trunc(k0)) AS whole, approx_count_distinct(k0) AS different FROM ${known}`,
  )
  if (low === null || high === null || !whole || Math.abs(low) > 2 ** 52) return undefined
  const entities = high - low + 1
  if (entities > EMPTIEST * different + 1_000) return undefined
  return { entity: 'k0', join: '', entities, first: low }
}

/**
 * A view matched in memory, as a table in the frame's order that stands beside it: `f0…` for its numbers, `NaN` where nothing
 * holds, and `r`, the number of the row, where it has texts, which are looked up by it.
 *
 * @param frame.kinds the view's keys as the frame is sorted by them
 * @param frame.side a name for what is joined
 */
export async function matchedSide(
  duck: Duck,
  sorted: Sorted,
  input: ViewInput,
  relation: Relation,
  { kinds, side }: { kinds: readonly KeyKind[]; side: string },
): Promise<Side> {
  const { columns } = input.view
  const ttl = input.view.ttl === null ? Number.POSITIVE_INFINITY : Math.round(input.view.ttl * 1_000)
  const numbers = columns.flatMap(({ type }, i) => (type === 'number' ? [`f${i}`] : []))
  const texts = columns.flatMap(({ type }, i) => (type === 'text' ? [`f${i}`] : []))
  const wanted = { kinds, ttl, numbers, ties: texts.length > 0 }
  const matching = await match(duck, sorted, relation, wanted)
  // Few tables have many rows for one moment: what tells them apart is read for those alone.
  const tied = matching.tied()
  if (tied.length > 0) {
    await duck.run(`CREATE OR REPLACE TEMP TABLE ${side}t (t DOUBLE)`)
    await duck.append(`${side}t`, [Float64Array.from(tied, (place) => matching.eventTime(place))])
    const only = `e::DOUBLE IN (SELECT t FROM ${side}t)`
    matching.settle(tied, await match(duck, sorted, relation, { ...wanted, ties: true, only }))
  }
  matching.finish()
  const names = [...(texts.length > 0 ? ['r'] : []), ...numbers]
  const given = names.map(() => new Float64Array(sorted.rows).fill(Number.NaN))
  const [ranks, ...cells] = texts.length > 0 ? given : [undefined, ...given]
  for (let place = 0; place < sorted.row.length; place++) {
    // Both ends of the time to live belong to it; what is NaN holds never.
    if (!(matching.eventTime(place) + ttl >= sorted.frame.at[place]!)) continue
    const row = sorted.row[place]!
    if (ranks) ranks[row] = matching.rank(place)
    for (let f = 0; f < cells.length; f++) cells[f]![row] = matching.feature(place, f)
  }
  await duck.run(`CREATE OR REPLACE TEMP TABLE ${side}n (${names.map((name) => `${name} DOUBLE`).join(', ')})`)
  await duck.append(`${side}n`, given)
  const words = `LEFT JOIN (SELECT r AS number, ${texts.join(', ')} FROM (${relation.select()})) ${side}w ON ${side}w.number = ${side}n.r`
  return {
    inOrder: texts.length === 0,
    join: `POSITIONAL JOIN ${side}n${texts.length > 0 ? `\n${words}` : ''}`,
    cellOf: (feature) => {
      if (columns[feature]!.type === 'text') return `${side}w.f${feature}`
      const value = `${side}n.f${feature}`
      return `CASE WHEN isfinite(${value}) THEN ${value} END`
    },
  }
}

async function match(
  duck: Duck,
  sorted: Sorted,
  relation: Relation,
  wanted: { kinds: readonly KeyKind[]; ttl: number; numbers: readonly string[]; ties: boolean; only?: string },
): Promise<Matching> {
  const { kinds, ttl, numbers, ties, only } = wanted
  const matching = openMatching(sorted.frame, { features: numbers.length, ties, first: sorted.first })
  const [low, high] = sorted.span
  const within = [
    ...kinds.map((_, i) => `k${i} IS NOT NULL`),
    `e <= ${high}`,
    ...(only ? [only] : []),
    ...(Number.isFinite(ttl) ? [`e >= ${low - ttl}`] : []),
  ]
  const columns = [
    `${sorted.entity} AS of`,
    ...['e', ...(ties ? ['c', 'r'] : [])].map((column) => `${column}::DOUBLE AS ${column}`),
    ...numbers.map((column) => `coalesce(${column}, 'NaN'::DOUBLE) AS ${column}`),
  ]
  const query = `SELECT ${columns.join(', ')} FROM (${relation.select(kinds, { unchecked: true })}) ${sorted.join} WHERE ${within.join(' AND ')}`
  if (sorted.row.length > 0)
    for await (const chunk of duck.chunks(query)) {
      const vector = (i: number) => (chunk.getColumnVector(i) as unknown as { items: Float64Array }).items
      matching.take({
        count: chunk.rowCount,
        entity: vector(0),
        e: vector(1),
        ties: ties ? { c: vector(2), r: vector(3) } : undefined,
        features: numbers.map((_, i) => vector((ties ? 4 : 2) + i)),
      })
    }
  return matching
}
