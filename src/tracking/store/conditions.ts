import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { StorageCapabilities } from '#platform/storage'

/** Which of a metric's values is meant: the last one where nothing is said. */
export type MetricOf = 'last' | 'min' | 'max'

/** What a run is asked about: a column of its own, or what was logged under a key. */
export type Subject =
  | { on: 'attribute'; key: keyof typeof COLUMNS }
  | { on: 'metric'; key: string; of?: MetricOf | undefined }
  | { on: 'param' | 'tag'; key: string }

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

/** In every statement here the run that is asked about is called `run`. */
export const COLUMNS = {
  id: 'run.id',
  name: 'run.name',
  state: 'run.state',
  parent: 'run.parent',
  startedAt: 'run.started_at',
  endedAt: 'run.ended_at',
} as const

export const TABLES = { metric: 'tracking_latest_metrics', param: 'tracking_params', tag: 'tracking_tags' } as const

const METRIC_COLUMNS = { last: 'value', min: 'min_value', max: 'max_value' } as const

/** The column of its table that holds what is asked about. */
export function valueColumn(subject: Subject): string {
  return subject.on === 'metric' ? METRIC_COLUMNS[subject.of ?? 'last'] : 'value'
}

/**
 * A run that lacks the key meets no condition on its value, `!=` included.
 *
 * @param id of the run: that of `run`, or the same from a table before it, so that the run itself is not read in vain
 */
export function holds(
  capabilities: StorageCapabilities,
  condition: Condition,
  id: RawBuilder<unknown>,
): RawBuilder<SqlBool> {
  if (condition.on === 'attribute') return compare(capabilities, sql.ref(COLUMNS[condition.key]), condition)
  const known = sql`${sql.table(TABLES[condition.on])} as logged
    where logged.run = ${id} and logged.key = ${condition.key}`
  if (condition.is === 'absent') return sql`not exists (select 1 from ${known})`
  if (condition.is === 'present') return sql`exists (select 1 from ${known})`
  return sql`exists (select 1 from ${known} and ${valueHolds(capabilities, condition, 'logged')})`
}

/** The same of a row of the table of values that is there already, under the name given. */
export function valueHolds(capabilities: StorageCapabilities, condition: Condition, row: string): RawBuilder<SqlBool> {
  const value = compare(capabilities, sql.ref(`${row}.${valueColumn(condition)}`), condition)
  const isLast = condition.on === 'metric' && (condition.of ?? 'last') === 'last'
  return isLast ? sql`${sql.ref(`${row}.is_nan`)} = 0 and ${value}` : value
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
