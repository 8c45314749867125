import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Storage } from '#platform/storage'
import { COLUMNS, type Condition, type Order, TABLES, valueColumn } from './conditions.ts'
import { asked, type Driver, driversOf } from './search-drivers.ts'
import { NEWEST_FIRST, type RunRow, type Search } from './search-plan.ts'
import { walkOf } from './search-walk.ts'
import { reading } from './tables.ts'

export interface RunFilter {
  project?: string | undefined
  /** Name of one experiment. */
  experiment?: string | undefined
  /** Ids of experiments. */
  experiments?: readonly string[] | undefined
  /** A run's id, or `none` for runs that are nested in no other. */
  parent?: string | undefined
  /** All of them must hold. */
  where?: readonly Condition[]
  /** Of each of these lists of tags, at least one. */
  tagged?: readonly (readonly (readonly [key: string, value: string])[])[] | undefined
  /** Runs without a value come last either way; then the newest first. */
  orderBy?: readonly Order[]
  /** Whether runs in the bin are listed: not when absent. */
  bin?: 'with' | 'only' | undefined
  limit: number
  offset: number
}

/** How many runs a plan looks at before it is given up for the next one. */
export interface Patience {
  /** Few enough to look at one by one: some milliseconds. */
  readonly few: number
  readonly many: number
}

const PATIENCE: Patience = { few: 2_000, many: 50_000 }

/**
 * A page of the runs that meet the filter. Among a million runs a page is found in one of two ways, whichever is short:
 * by looking at the few runs that meet the rarest of the conditions, or by walking down the order asked for until the
 * page is full, which is soon where no condition is rare. What is cheap to try is tried first.
 */
export async function findRuns(storage: Storage, filter: RunFilter, { few, many } = PATIENCE): Promise<RunRow[]> {
  const search = await searchFrom(storage, filter)
  if (search.experiments?.length === 0) return []
  const walk = walkOf(search)
  const page = search.limit + search.offset
  let drivers: Driver[] = []
  for (const [most, steps] of [
    [Math.min(few, 2 * page), Math.min(few, 10 * page)],
    [few, few],
    [many, many],
  ] as const) {
    drivers = await driversOf(search, most)
    if (drivers[0] && drivers[0].size <= most) return driven(search, drivers)
    const found = await walk?.page(drivers, steps)
    if (found) return found
  }
  return (await walk?.page(drivers, undefined)) ?? driven(search, [])
}

async function searchFrom(storage: Storage, filter: RunFilter): Promise<Search> {
  const own: RawBuilder<SqlBool>[] = []
  if (filter.project) own.push(sql`run.project = ${filter.project}`)
  if (filter.parent === 'none') own.push(sql`run.parent is null`)
  else if (filter.parent) own.push(sql`run.parent = ${filter.parent}`)
  if (filter.bin === undefined) own.push(sql`run.deleted_at is null`)
  if (filter.bin === 'only') own.push(sql`run.deleted_at is not null`)
  for (const tags of filter.tagged ?? []) own.push(hasOneOf(tags))
  const named = filter.experiment === undefined ? undefined : await idsOf(storage, filter.experiment)
  const { experiments = named, where: conditions = [], orderBy = [], limit, offset } = filter
  return {
    ...{ storage, own, conditions, orderBy, limit, offset },
    experiments: named && experiments ? experiments.filter((id) => named.includes(id)) : experiments,
  }
}

function hasOneOf(tags: readonly (readonly [string, string])[]): RawBuilder<SqlBool> {
  if (tags.length === 0) return sql`1 = 0`
  const wanted = tags.map(([key, value]) => sql`(tagged.key = ${key} and tagged.value = ${value})`)
  return sql`exists (select 1 from tracking_tags as tagged where tagged.run = run.id and (${sql.join(wanted, sql` or `)}))`
}

async function idsOf(storage: Storage, name: string): Promise<string[]> {
  const rows = await reading(storage).selectFrom('tracking_experiments').select('id').where('name', '=', name).execute()
  return rows.map((row) => row.id)
}

/** Every run that meets the filter is found and sorted; the rarest of the drivers says which ones come into question. */
async function driven(search: Search, [driver, ...others]: readonly Driver[]): Promise<RunRow[]> {
  const { storage, experiments, orderBy, limit, offset } = search
  const id = driver ? sql.ref('found.run') : sql.ref('run.id')
  const rest = search.conditions.filter((condition) => condition !== driver?.condition)
  const conditions = [...asked(storage, rest, others, id, driver?.size ?? 0), ...search.own]
  if (driver) conditions.push(sql`run.id = found.run`)
  if (experiments) conditions.push(sql`run.experiment in (${sql.join(experiments)})`)
  // A cross join is walked in the order written.
  const runs = driver ? sql`(${driver.runs}) as found cross join tracking_runs as run` : sql`tracking_runs as run`
  const { rows } = await sql<RunRow>`
    select run.* from ${runs} ${sql.join(orderBy.map(joined), sql` `)}
    ${conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``}
    order by ${sql.join([...orderBy.map(ordered), NEWEST_FIRST])}
    limit ${limit} offset ${offset}`.execute(reading(storage))
  return rows
}

function joined(order: Order, at: number): RawBuilder<unknown> {
  if (order.on === 'attribute') return sql``
  const row = sql.ref(`order${at}`)
  return sql`left join ${sql.table(TABLES[order.on])} as ${row} on ${row}.run = run.id and ${row}.key = ${order.key}`
}

/** NaN comes after every number, and what is not there after NaN, upwards and downwards. */
function ordered(order: Order, at: number): RawBuilder<unknown> {
  const direction = sql.raw(order.direction)
  if (order.on === 'attribute') {
    const column = sql.ref(COLUMNS[order.key])
    return sql`${column} is null, ${column} ${direction}`
  }
  const value = sql.ref(`order${at}.${valueColumn(order)}`)
  const isLast = order.on === 'metric' && (order.of ?? 'last') === 'last'
  const last = isLast ? sql`coalesce(${sql.ref(`order${at}.is_nan`)}, 2)` : sql`${value} is null`
  return sql`${last}, ${value} ${direction}`
}
