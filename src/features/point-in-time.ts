import type { Duck } from '#data'
import { featurePlace } from '#projects'
import type { OnDemandDefinition } from './definition.ts'
import { FeatureNameTaken, FrameColumnMissing, FrameTimeUnreadable } from './errors.ts'
import { computedColumns, requestColumns } from './on-demand.ts'
import { placeIn } from './place.ts'
import { FIRST_TIME, keyAs, keyKind, microseconds, openRelation, typesOf, type ViewInput } from './relation.ts'
import { name, text } from './sql.ts'

/** A frame of entities: which, and as of when. */
export interface EntityFrame {
  /** A Parquet file. */
  readonly parquet: string
  /** The column with the time of each row. */
  readonly time: string
}

/** What is joined to a frame, as plain data. */
export interface JoinedViews {
  /** Of a hidden one nothing is given: others are computed from it. */
  readonly views: readonly (ViewInput & { readonly hidden?: boolean })[]
  readonly onDemand?: readonly OnDemandDefinition[]
}

export interface PointInTimeJoin extends JoinedViews {
  readonly frame: EntityFrame
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
export async function pointInTimeJoin(
  duck: Duck,
  { frame, views, onDemand = [], fullNames }: PointInTimeJoin,
): Promise<string> {
  const from = `read_parquet(${text(frame.parquet)}, file_row_number = true)`
  const types = await typesOf(duck, `read_parquet(${text(frame.parquet)})`)
  const columns = [...types.keys()]
  const moment = await momentOf(duck, frame, types)
  const named = namesGiven(columns, fullNames)

  /** What stands beside the frame: its SQL, and where it is for whoever computes with it. */
  const found: string[] = []
  /** Columns of the result, out of those places. */
  const given: string[] = []
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
      const value = `${side}.f${i}`
      const at = name(featurePlace(view.name, column))
      found.push(`${holds ? `CASE WHEN ${holds} THEN ${value} END` : value} AS ${at}`)
      if (!input.hidden) given.push(`${at} AS ${name(named(view.name, column))}`)
    }
  }
  // Without a time nothing holds; and a place that began with NULL would come after every other.
  const numbered = `(SELECT *, coalesce(${moment}, ${FIRST_TIME}) AS ${AT}, file_row_number AS ${ROW} FROM ${from})`
  const asked = await requestColumns(duck, { from, types, views: onDemand })
  const before = [
    ...columns.map((column, i) => `n.${name(column)} AS n${i}`),
    ...asked.map(({ place, value }) => `${value} AS ${name(place)}`),
  ]
  const joined = `(SELECT ${[...before, ...found, `n.${ROW}`].join(', ')} FROM ${numbered} n ${joins.join('\n')})`
  const own = columns.map((column, i) => `n${i} AS ${name(column)}`)
  if (onDemand.length === 0) return `SELECT ${[...own, ...given].join(', ')} FROM ${joined} ORDER BY ${ROW}`
  const shown = views.filter(({ hidden }) => !hidden)
  const features = shown.flatMap(({ view }) => view.columns.map((column) => featurePlace(view.name, column.name)))
  const keep = [...columns.map((_, i) => `n${i}`), ...features, ROW]
  const { relation, places } = computedColumns(onDemand, joined, keep)
  const computed = onDemand.flatMap((view, v) =>
    view.columns.map((column, i) => `${name(places[v]![i]!)} AS ${name(named(view.name, column.name))}`),
  )
  return `SELECT ${[...own, ...given, ...computed].join(', ')} FROM ${relation} ORDER BY ${ROW}`
}

/** Names features as they are given, beside the frame's own columns. @throws FeatureNameTaken */
function namesGiven(columns: readonly string[], fullNames: boolean): (view: string, column: string) => string {
  const taken = new Set(columns.map((column) => column.toLowerCase()))
  return (view, column) => {
    const as = fullNames ? `${view}__${column}` : column
    if (taken.has(as.toLowerCase())) throw new FeatureNameTaken(as, view)
    taken.add(as.toLowerCase())
    return as
  }
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
