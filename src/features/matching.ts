import { tmpdir } from 'node:os'
import type { Duck } from '#data'
import type { Side } from './asof.ts'
import { matchPart, type SortedFrame } from './match.ts'
import { entitiesOf, type Numbered, numberEntities } from './numbering.ts'
import { orderedRows } from './ordered/ordered-rows.ts'
import { orderRecords } from './ordered/part.ts'
import type { OrderedPlace } from './ordered/ordered-views.ts'
import type { KeyKind, Relation, ViewInput } from './relation.ts'

/** More than this would be held in memory; what is larger is left to DuckDB, which goes to disk. */
const MOST_BYTES = 512 * 2 ** 20

/** A frame as SQL: keys `k0…` as a view has them, `t` in µs (NULL where it has no time), its row `n`. */
export interface KeyedFrame {
  readonly select: string
  readonly rows: number
}

/** A frame sorted by the keys of a view. */
export interface Sorted {
  readonly frame: SortedFrame
  readonly rows: number
  /** First and last moment, µs. */
  readonly span: readonly [number, number]
  readonly entities: Numbered & { readonly known: string }
}

/** Whether a view can be matched in memory: it fits, and its texts stand in numbered rows, by which they are found again. */
export function isMatchable({ view }: ViewInput, relation: Relation, rows: number, mostBytes = MOST_BYTES): boolean {
  const texts = view.columns.some(({ type }) => type === 'text')
  const columns = 6 + view.columns.length * 2
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
  const whole = ['t', ...kinds.map((_, i) => `k${i}`)].map((column) => `${column} IS NOT NULL`)
  const known = `(SELECT * FROM (${select}) WHERE ${whole.join(' AND ')})`
  const { rows: count, ...entities } = await numberEntities(duck, known, kinds, table)
  const width = 3
  const cells = new Float64Array(count * width)
  let [at, low, high] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const query = `SELECT ${entities.number} AS of, t::DOUBLE AS t, n::DOUBLE AS n FROM ${known} ${entities.join}`
  for await (const chunk of duck.chunks(query)) {
    const [of, t, n] = [0, 1, 2].map((k) => (chunk.getColumnVector(k) as unknown as { items: Float64Array }).items)
    for (let i = 0; i < chunk.rowCount; i++, at += width) {
      const moment = t![i]!
      cells[at] = of![i]!
      cells[at + 1] = moment
      cells[at + 2] = n![i]!
      if (moment < low) low = moment
      if (moment > high) high = moment
    }
  }
  const shape = { width, ties: 0, kept: [2] }
  const { starts, columns } = orderRecords({ cells, count, shape }, [0, entities.entities], { every: true })
  const frame = { starts, at: columns[0]!, row: columns[1]! }
  return { frame, rows, span: [low, high], entities: { ...entities, known } }
}

/**
 * A view matched in memory, as a table in the frame's order that stands beside it: `f0…` for its numbers, `NaN` where nothing
 * holds, and `r`, the number of the row, where it has texts, which are looked up by it.
 *
 * @param options.kinds the view's keys as the frame is sorted by them
 * @param options.side a name for what is joined
 * @throws PartTooLarge
 */
export async function matchedSide(
  duck: Duck,
  sorted: Sorted,
  input: ViewInput,
  relation: Relation,
  options: { kinds: readonly KeyKind[]; side: string; ordered: OrderedPlace | undefined; spillTo?: string | undefined },
): Promise<Side> {
  const { kinds, side, ordered, spillTo = tmpdir() } = options
  const { columns } = input.view
  const ttl = input.view.ttl === null ? Number.POSITIVE_INFINITY : Math.round(input.view.ttl * 1_000)
  const numbers = columns.flatMap(({ type }, i) => (type === 'number' ? [`f${i}`] : []))
  const texts = columns.flatMap(({ type }, i) => (type === 'text' ? [`f${i}`] : []))
  const names = [...(texts.length > 0 ? ['r'] : []), ...numbers]
  const given = names.map(() => new Float64Array(sorted.rows).fill(Number.NaN))
  const { starts } = sorted.frame
  await orderedRows(duck, input, relation, {
    ...{ kinds, kept: names, ordered, spillTo, table: `${side}e` },
    only: { entities: sorted.entities, span: [sorted.span[0] - ttl, sorted.span[1]] },
    use: async (entities, partsOf) => {
      const entityOf = await entitiesOf(duck, sorted.entities, entities, kinds)
      const isWanted = (first: number, end: number) => {
        for (let i = first; i < end; i++)
          if (entityOf[i]! >= 0 && starts[entityOf[i]!]! < starts[entityOf[i]! + 1]!) return true
        return false
      }
      for (const part of partsOf(isWanted)) matchPart(sorted.frame, part, { entityOf, ttl, given })
    },
  })
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
