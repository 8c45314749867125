import type { Duck } from '#data'
import { placeIn } from './place.ts'
import type { KeyKind, Relation, ViewInput } from './relation.ts'

/** A view beside the rows of a frame. */
export interface Side {
  readonly join: string
  /** Rows stay in the frame's order. */
  readonly inOrder: boolean
  /** A feature that holds, as SQL. */
  cellOf(feature: number): string
}

/**
 * A view joined by DuckDB, which goes to disk when memory is short: for each row of the frame the largest place that is not
 * after it. A place is an event time, then a time of creation, then a row's number, compared in this order, so that ties have one
 * answer. A row that is found but too old for the view's TTL proves that there is no younger one.
 *
 * @param frame the keys of a row of the frame, and its time in µs, as SQL
 */
export async function asofSide(
  duck: Duck,
  { view }: ViewInput,
  relation: Relation,
  frame: { keys: readonly string[]; kinds: readonly KeyKind[]; at: string; side: string },
): Promise<Side> {
  const { keys, kinds, at, side } = frame
  const place = await placeIn(duck, relation)
  const equal = keys.map((key, i) => `${key} = ${side}.k${i}`)
  // Both ends of the time to live belong to it.
  const holds = view.ttl === null ? '' : `${place.time(`${side}.place`)} + ${Math.round(view.ttl * 1_000)} >= ${at}`
  return {
    inOrder: false,
    join: `ASOF LEFT JOIN (SELECT * EXCLUDE (e, c, r), ${place.of} AS place FROM (${relation.select(kinds)}) WHERE e IS NOT NULL) ${side}
       ON ${equal.join(' AND ')} AND ${place.last(at)} >= ${side}.place`,
    cellOf: (feature) => {
      const value = `${side}.f${feature}`
      return holds ? `CASE WHEN ${holds} THEN ${value} END` : value
    },
  }
}
