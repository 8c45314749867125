import { type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Storage, StorageCapabilities } from '#platform/storage'
import type { Run } from '../contract.ts'
import { withDetails } from './runs.ts'
import { reading, type TrackingTables } from './tables.ts'

/** What a run is asked about: a column of its own, or what was logged under a key. */
export type Subject = { on: 'attribute'; key: keyof typeof COLUMNS } | { on: 'metric' | 'param' | 'tag'; key: string }

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>='

export type Condition = Subject &
  (
    | { is: Comparison; value: string | number }
    /** SQL's patterns: `%` for anything, `_` for one character; `ilike` takes upper and lower case for the same. */
    | { is: 'like' | 'ilike'; value: string }
    | { is: 'in' | 'not in'; value: readonly string[] }
    | { is: 'absent' | 'present' }
  )

export type Order = Subject & { direction: 'asc' | 'desc' }

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
  /** Runs without a value come last either way; then the newest first. */
  orderBy?: readonly Order[]
  /** Whether runs in the bin are listed: not when absent. */
  bin?: 'with' | 'only' | undefined
  limit: number
  offset: number
}

const COLUMNS = {
  id: 'tracking_runs.id',
  name: 'tracking_runs.name',
  state: 'tracking_runs.state',
  parent: 'tracking_runs.parent',
  startedAt: 'tracking_runs.started_at',
  endedAt: 'tracking_runs.ended_at',
} as const

const TABLES = { metric: 'tracking_latest_metrics', param: 'tracking_params', tag: 'tracking_tags' } as const

type Query = SelectQueryBuilder<TrackingTables, 'tracking_runs', TrackingTables['tracking_runs']>

export async function listRuns(storage: Storage, filter: RunFilter): Promise<Run[]> {
  if (filter.experiments?.length === 0) return []
  let query: Query = reading(storage).selectFrom('tracking_runs').selectAll('tracking_runs')
  if (filter.project) query = query.where('tracking_runs.project', '=', filter.project)
  if (filter.experiments) query = query.where('tracking_runs.experiment', 'in', filter.experiments)
  if (filter.experiment) {
    query = query.where('tracking_runs.experiment', 'in', (e) =>
      e.selectFrom('tracking_experiments').select('id').where('name', '=', filter.experiment!),
    )
  }
  if (filter.parent === 'none') query = query.where('tracking_runs.parent', 'is', null)
  else if (filter.parent) query = query.where('tracking_runs.parent', '=', filter.parent)
  if (filter.bin === undefined) query = query.where('tracking_runs.deleted_at', 'is', null)
  if (filter.bin === 'only') query = query.where('tracking_runs.deleted_at', 'is not', null)
  for (const condition of filter.where ?? []) query = query.where(holds(storage, condition))
  for (const order of filter.orderBy ?? []) query = ordered(query, order)
  const rows = await query
    .orderBy('tracking_runs.started_at', 'desc')
    .orderBy('tracking_runs.id', 'desc')
    .limit(filter.limit)
    .offset(filter.offset)
    .execute()
  return withDetails(storage, rows)
}

/** A run that lacks the key meets no condition on its value, `!=` included. */
function holds({ capabilities }: Storage, condition: Condition): RawBuilder<SqlBool> {
  if (condition.on === 'attribute') return compare(capabilities, sql.ref(COLUMNS[condition.key]), condition)
  const known = sql`${sql.table(TABLES[condition.on])} as logged
    where logged.run = tracking_runs.id and logged.key = ${condition.key}`
  if (condition.is === 'absent') return sql`not exists (select 1 from ${known})`
  if (condition.is === 'present') return sql`exists (select 1 from ${known})`
  const number = condition.on === 'metric' ? sql`and logged.is_nan = 0` : sql``
  const meets = compare(capabilities, sql.ref('logged.value'), condition)
  return sql`exists (select 1 from ${known} ${number} and ${meets})`
}

function compare(
  capabilities: StorageCapabilities,
  value: RawBuilder<unknown>,
  condition: Condition,
): RawBuilder<SqlBool> {
  switch (condition.is) {
    case 'absent':
      return sql`${value} is null`
    case 'present':
      return sql`${value} is not null`
    case 'like':
    case 'ilike':
      return capabilities.like(value, condition.value, { ignoreCase: condition.is === 'ilike' })
    case 'in':
    case 'not in':
      // An empty list is not SQL: nothing is in it.
      if (condition.value.length === 0) return condition.is === 'in' ? sql`1 = 0` : sql`1 = 1`
      return sql`${value} ${sql.raw(condition.is)} (${sql.join(condition.value)})`
    default:
      return sql`${value} ${sql.raw(condition.is)} ${condition.value}`
  }
}

function ordered(query: Query, { on, direction, ...order }: Order): Query {
  if (on === 'attribute') {
    const column = sql.ref(COLUMNS[order.key as keyof typeof COLUMNS])
    return query.orderBy(sql`${column} is null`).orderBy(column, direction)
  }
  const value = (column: string) =>
    sql`(select ${sql.ref(column)} from ${sql.table(TABLES[on])} as logged
      where logged.run = tracking_runs.id and logged.key = ${order.key})`
  const last = on === 'metric' ? sql`coalesce(${value('logged.is_nan')}, 2)` : sql`${value('logged.value')} is null`
  return query.orderBy(last).orderBy(value('logged.value'), direction)
}
