import type { Duck } from '#data'
import { FeatureNameTaken, FrameColumnMissing, FrameTimeUnreadable } from './errors.ts'
import { placeIn } from './place.ts'
import { FIRST_TIME, keyAs, keyKind, microseconds, openRelation, type ViewInput, typesOf } from './relation.ts'
import { name, text } from './sql.ts'

/** A frame of entities: which, and as of when. */
export interface EntityFrame {
  /** A Parquet file. */
  readonly parquet: string
  /** The column with the time of each row. */
  readonly time: string
}

export interface PointInTimeJoin {
  readonly frame: EntityFrame
  readonly views: readonly ViewInput[]
  /** `view__column` instead of `column`. */
  readonly fullNames: boolean
}

/**
 * The rows of the frame in their order, with the features of each view as they were known at the row's time, as SQL.
 *
 * ASOF joins do the work: for each row they take the largest place in time that is not after it. A place is an event
 * time, then a time of creation, then a row's number, compared in this order, so that ties have one answer. A row that
 * is found but too old for the view's TTL proves that there is no younger one.
 *
 * @throws FrameColumnMissing, FrameTimeUnreadable, FeatureNameTaken and what `openRelation` throws
 */
export async function pointInTimeJoin(duck: Duck, { frame, views, fullNames }: PointInTimeJoin): Promise<string> {
  const from = `read_parquet(${text(frame.parquet)})`
  const types = await typesOf(duck, from)
  const columns = [...types.keys()]
  const moment = await momentOf(duck, frame, types)

  const taken = new Set(columns.map((column) => column.toLowerCase()))
  const given: string[] = columns.map((column) => `n.${name(column)}`)
  const joins: string[] = []
  for (const [v, input] of views.entries()) {
    const { view } = input
    const relation = await openRelation(duck, input)
    const place = await placeIn(duck, relation)
    const kinds = view.entities.map((key, i) => {
      const type = types.get(key)
      if (type === undefined) throw new FrameColumnMissing(key, `which "${view.name}" is joined by`, columns)
      return relation.keys[i] === 'number' && keyKind(type) === 'number' ? ('number' as const) : ('text' as const)
    })
    const side = `v${v}`
    const equal = view.entities.map((key, i) => `${frameKey(key, types.get(key)!, kinds[i]!)} = ${side}.k${i}`)
    joins.push(
      `ASOF LEFT JOIN (SELECT * EXCLUDE (e, c, r), ${place.of} AS place FROM (${relation.select(kinds)}) WHERE e IS NOT NULL) ${side}
       ON ${equal.join(' AND ')} AND ${place.last(`n.${AT}`)} >= ${side}.place`,
    )
    // Both ends of the time to live belong to it.
    const holds = view.ttl === null ? '' : `${place.time(`${side}.place`)} + ${Math.round(view.ttl * 1_000)} >= n.${AT}`
    for (const [i, { name: column }] of view.columns.entries()) {
      const as = fullNames ? `${view.name}__${column}` : column
      if (taken.has(as.toLowerCase())) throw new FeatureNameTaken(as, view.name)
      taken.add(as.toLowerCase())
      const value = `${side}.f${i}`
      given.push(`${holds ? `CASE WHEN ${holds} THEN ${value} END` : value} AS ${name(as)}`)
    }
  }
  // Without a time nothing holds; and a place that began with NULL would come after every other.
  const numbered = `(SELECT *, coalesce(${moment}, ${FIRST_TIME}) AS ${AT}, file_row_number AS ${ROW} FROM read_parquet(${text(frame.parquet)}, file_row_number = true))`
  return `SELECT ${given.join(', ')} FROM ${numbered} n ${joins.join('\n')} ORDER BY n.${ROW}`
}

const AT = '__orrery_at'
const ROW = '__orrery_row'

function frameKey(key: string, type: string, as: 'number' | 'text'): string {
  return keyAs(`n.${name(key)}`, keyKind(type), as)
}

/** The frame's time in µs, as SQL; text is read as ISO 8601, without a zone as UTC. */
async function momentOf(
  duck: Duck,
  { parquet, time }: EntityFrame,
  types: ReadonlyMap<string, string>,
): Promise<string> {
  const type = types.get(time)
  if (type === undefined) throw new FrameColumnMissing(time, 'which says when each row is', [...types.keys()])
  const plain = microseconds(name(time), type)
  if (plain !== undefined) return plain
  const read = `TRY_CAST(${name(time)} AS TIMESTAMPTZ)`
  const [bad] = await duck.rows<{ row: number; value: string }>(
    `SELECT file_row_number AS row, ${name(time)}::VARCHAR AS value FROM read_parquet(${text(parquet)}, file_row_number = true)
     WHERE ${name(time)} IS NOT NULL AND ${read} IS NULL ORDER BY row LIMIT 1`,
  )
  if (bad) throw new FrameTimeUnreadable(time, bad.row, bad.value)
  return `epoch_us(${read})`
}
