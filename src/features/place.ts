import type { Duck } from '#data'
import { LAST, type Relation } from './relation.ts'

/**
 * Where a row stands among the others of its entity: by event time, then by creation, then by number. As SQL over a
 * relation's `e`, `c` and `r`.
 */
export interface Place {
  readonly of: string
  /** The last place that is not after a moment in µs. */
  last(at: string): string
  /** The event time of a place, µs. */
  time(place: string): string
}

/** Three values that are compared one after the other; right for every view. */
const COMPARED: Place = {
  of: 'row(e, c, r)',
  last: (at) => `row(${at}, ${LAST}, ${LAST})`,
  time: (place) => `${place}[1]`,
}

const BITS = 62

/**
 * One number instead of three, where they fit: event times of whole seconds or milliseconds leave room for the number of
 * the row, and rows that stand in the order of their creation need no third. Sorting numbers takes the half.
 */
export async function placeIn(duck: Duck, relation: Relation): Promise<Place> {
  if (!relation.numbered) return COMPARED
  const inOrder = relation.hasCreated ? 'bool_and(before IS NULL OR c >= before)' : 'true'
  const before = relation.hasCreated ? ', lag(c) OVER () AS before' : ''
  const facts = await duck.row<Facts>(
    `SELECT min(e) AS low, max(e) AS high, max(r) AS rows, bool_and(e % 1000 = 0) AS millis,
       bool_and(e % 1000000 = 0) AS seconds, ${inOrder} AS ordered
     FROM (SELECT e, r${relation.hasCreated ? ', c' : ''}${before} FROM (${relation.select()})) WHERE e IS NOT NULL`,
  )
  const { low, high, rows, seconds, millis, ordered } = facts
  if (low === null || high === null || !ordered) return COMPARED
  const unit = seconds ? 1_000_000 : millis ? 1_000 : 1
  const forRows = bitsFor(rows!)
  if (bitsFor((high - low) / unit) + forRows > BITS) return COMPARED
  const numberOf = (time: string) => `(((${time} - ${low}) // ${unit}) << ${forRows})`
  return {
    of: `${numberOf('e')} + r`,
    last: (at) =>
      `CASE WHEN ${at} < ${low} THEN -1 ELSE ${numberOf(`least(${at}, ${high})`)} + ${2 ** forRows - 1} END`,
    time: (place) => `((${place} >> ${forRows}) * ${unit} + ${low})`,
  }
}

interface Facts {
  low: number | null
  high: number | null
  rows: number | null
  seconds: boolean
  millis: boolean
  ordered: boolean
}

const bitsFor = (largest: number) => Math.floor(largest).toString(2).length
