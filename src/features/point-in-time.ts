import type { Duck } from '#data'
import { featurePlace } from '#projects'
import { asofSide, type Side } from './asof.ts'
import type { OnDemandDefinition } from './definition.ts'
import { FeatureNameTaken, FrameColumnMissing, FrameTimeUnreadable } from './errors.ts'
import { isMatchable, matchedSide, type Sorted, sortFrame } from './matching.ts'
import { computedColumns, requestColumns } from './on-demand.ts'
import type { OrderedPlace } from './ordered/ordered-views.ts'
import { PartTooLarge } from './ordered/partitions.ts'
import {
  FIRST_TIME,
  type KeyKind,
  keyAs,
  keyKind,
  microseconds,
  openRelation,
  typesOf,
  type ViewInput,
} from './relation.ts'
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
  /** Where the rows of views are kept in order, from one join to the next. */
  readonly ordered?: OrderedPlace | undefined
}

export interface PointInTimeJoin extends JoinedViews {
  readonly frame: EntityFrame
  /** `view__column` instead of `column`. */
  readonly fullNames: boolean
  /** What may be held in memory to match a view; beyond it, DuckDB joins. */
  readonly mostBytes?: number
  /** Folder for what does not fit memory meanwhile. */
  readonly spillTo?: string
}

/**
 * The rows of the frame in their order, with the features of each view as they were known at the row's time, as SQL.
 *
 * Each view is matched in memory where the frame fits (`match.ts`), its rows in an order that is kept for later joins
 * (`ordered/`); else by ASOF joins of DuckDB.
 *
 * @throws FrameColumnMissing, FrameTimeUnreadable, FeatureNameTaken and what `openRelation` throws
 */
export async function pointInTimeJoin(
  duck: Duck,
  { frame, views, onDemand = [], ordered, fullNames, mostBytes, spillTo }: PointInTimeJoin,
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
  let allInOrder = true
  const { rows } = await duck.row<{ rows: number }>(`SELECT count(*) AS rows FROM ${from}`)
  const sortFor = sortedOnce(duck, { from, moment, rows })
  for (const [v, input] of views.entries()) {
    const { view } = input
    const relation = await openRelation(duck, input)
    const kinds = view.entities.map((key, i) => {
      const type = types.get(key)
      if (type === undefined) throw new FrameColumnMissing(key, `which "${view.name}" is joined by`, columns)
      return relation.keys[i] === 'number' && keyKind(type) === 'number' ? ('number' as const) : ('text' as const)
    })
    const keys = (of: string) =>
      view.entities.map((key, i) => keyAs(of + name(key), keyKind(types.get(key)!), kinds[i]!))
    const side = `v${v}`
    const matched = isMatchable(input, relation, rows, mostBytes)
      ? await orTooLarge(
          matchedSide(duck, await sortFor(keys(''), kinds), input, relation, { kinds, side, ordered, spillTo }),
        )
      : undefined
    const { join, cellOf, inOrder } =
      matched ?? (await asofSide(duck, input, relation, { keys: keys('n.'), kinds, at: `n.${AT}`, side }))
    joins.push(join)
    allInOrder &&= inOrder
    for (const [i, { name: column }] of view.columns.entries()) {
      const at = name(featurePlace(view.name, column))
      found.push(`${cellOf(i)} AS ${at}`)
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
  const order = allInOrder ? '' : ` ORDER BY ${ROW}`
  const own = columns.map((column, i) => `n${i} AS ${name(column)}`)
  if (onDemand.length === 0) return `SELECT ${[...own, ...given].join(', ')} FROM ${joined}${order}`
  const shown = views.filter(({ hidden }) => !hidden)
  const features = shown.flatMap(({ view }) => view.columns.map((column) => featurePlace(view.name, column.name)))
  const keep = [...columns.map((_, i) => `n${i}`), ...features, ROW]
  const { relation, places } = computedColumns(onDemand, joined, keep)
  const computed = onDemand.flatMap((view, v) =>
    view.columns.map((column, i) => `${name(places[v]![i]!)} AS ${name(named(view.name, column.name))}`),
  )
  return `SELECT ${[...own, ...given, ...computed].join(', ')} FROM ${relation}${order}`
}

/** `undefined` where a view cannot be sorted in memory. */
function orTooLarge(side: Promise<Side>): Promise<Side | undefined> {
  return side.catch((error: unknown) => {
    if (error instanceof PartTooLarge) return undefined
    throw error
  })
}

/** Views with the same keys share a sorted frame. */
function sortedOnce(duck: Duck, { from, moment, rows }: { from: string; moment: string; rows: number }) {
  const known = new Map<string, Promise<Sorted>>()
  return (keys: readonly string[], kinds: readonly KeyKind[]): Promise<Sorted> => {
    const cells = keys.map((key, i) => `${key} AS k${i}`)
    const select = `SELECT ${cells.join(', ')}, ${moment} AS t, file_row_number AS n FROM ${from}`
    const sorted = known.get(select) ?? sortFrame(duck, { select, rows }, kinds, `entities${known.size}`)
    known.set(select, sorted)
    return sorted
  }
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
