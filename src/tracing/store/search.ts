import { type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Storage } from '#platform/storage'
import { reading, type TraceRow, type TracingTables } from './tables.ts'

/** What a trace is asked about. */
export type Subject =
  | { on: 'attribute'; key: keyof typeof COLUMNS | 'endedAt' }
  | { on: 'tag' | 'metadata'; key: string }
  /** The run it was made in or is linked to. */
  | { on: 'run' }
  /** A version of a prompt it is linked to, `name/version`. */
  | { on: 'prompt' }
  /** All conditions on spans hold for one and the same span. */
  | { on: 'span'; key: 'name' | 'type' | 'status' }
  | { on: 'span-attribute'; key: string }
  /** Anything that a span says: its name and all its attributes. */
  | { on: 'text' }
  | { on: 'assessment'; kind: 'feedback' | 'expectation'; key: string }
  | { on: 'issue' }

export type Test =
  | { is: '=' | '!=' | '<' | '<=' | '>' | '>='; value: string | number }
  /** SQL's patterns: `%` for anything, `_` for one character; `ilike` takes upper and lower case for the same. */
  | { is: 'like' | 'ilike'; value: string }
  | { is: 'in' | 'not in'; value: readonly string[] }
  | { is: 'absent' | 'present' }

export type Condition = Subject & Test

export type Order = Extract<Subject, { on: 'attribute' | 'tag' | 'metadata' }> & { direction: 'asc' | 'desc' }

export interface TraceFilter {
  /** Ids; all of them when absent. */
  experiments?: readonly string[] | undefined
  /** All of them must hold. */
  where?: readonly Condition[]
  /** Occurs in the name, in what came in or in what went out. */
  text?: string | undefined
  /** Traces without a value come last either way; then the newest first. */
  orderBy?: readonly Order[]
  limit: number
  offset: number
}

const COLUMNS = {
  id: 'tracing_traces.id',
  experiment: 'tracing_traces.experiment',
  name: 'tracing_traces.name',
  run: 'tracing_traces.run',
  session: 'tracing_traces.session',
  clientRequestId: 'tracing_traces.client_request_id',
  state: 'tracing_traces.state',
  startedAt: 'tracing_traces.started_at',
  durationMs: 'tracing_traces.duration_ms',
} as const

const TABLES = { tag: 'tracing_tags', metadata: 'tracing_metadata' } as const

type Query = SelectQueryBuilder<TracingTables, 'tracing_traces', TraceRow>

export async function listTraces(storage: Storage, filter: TraceFilter): Promise<TraceRow[]> {
  if (filter.experiments?.length === 0) return []
  let query: Query = reading(storage).selectFrom('tracing_traces').selectAll('tracing_traces')
  if (filter.experiments) query = query.where('tracing_traces.experiment', 'in', filter.experiments)
  const conditions = filter.where ?? []
  for (const condition of conditions) if (!isOnSpan(condition)) query = query.where(holds(storage, condition))
  const onSpans = conditions.filter(isOnSpan)
  if (onSpans.length > 0) query = query.where(someSpan(storage, onSpans))
  if (filter.text) query = query.where(mentions(storage, filter.text))
  for (const order of filter.orderBy ?? []) query = ordered(query, order)
  return query
    .orderBy('tracing_traces.started_at', 'desc')
    .orderBy('tracing_traces.id')
    .limit(filter.limit)
    .offset(filter.offset)
    .execute()
}

type OnSpan = Extract<Condition, { on: 'span' | 'span-attribute' | 'text' }>

const isOnSpan = (condition: Condition): condition is OnSpan =>
  condition.on === 'span' || condition.on === 'span-attribute' || condition.on === 'text'

/** A trace that lacks the key meets no condition on its value, `!=` included. */
function holds(storage: Storage, condition: Exclude<Condition, OnSpan>): RawBuilder<SqlBool> {
  switch (condition.on) {
    case 'attribute':
      return compare(storage, attributeValue(condition.key), condition)
    case 'run':
      return ofRun(storage, condition)
    case 'prompt':
      return exists(sql`tracing_links as link where link.trace = tracing_traces.id and link.kind = 'prompt'
        and ${compare(storage, sql.ref('link.target'), condition)}`)
    case 'issue':
      return exists(sql`tracing_assessments as told where told.trace = tracing_traces.id and told.kind = 'issue'
        and ${compare(storage, sql.ref('told.name'), condition)}`)
    case 'assessment': {
      const told = sql`tracing_assessments as told where told.trace = tracing_traces.id
        and told.kind = ${condition.kind} and told.name = ${condition.key} and told.valid = 1`
      return isAbout(condition, told, () => compareAssessed(storage, condition))
    }
    default: {
      const pair = sql`${sql.table(TABLES[condition.on])} as pair
        where pair.trace = tracing_traces.id and pair.key = ${condition.key}`
      return isAbout(condition, pair, () => compare(storage, sql.ref('pair.value'), condition))
    }
  }
}

function isAbout(test: Test, rows: RawBuilder<unknown>, meets: () => RawBuilder<SqlBool>): RawBuilder<SqlBool> {
  if (test.is === 'absent') return sql`not ${exists(rows)}`
  if (test.is === 'present') return exists(rows)
  return exists(sql`${rows} and ${meets()}`)
}

const exists = (rows: RawBuilder<unknown>) => sql<SqlBool>`exists (select 1 from ${rows})`

function attributeValue(key: Extract<Subject, { on: 'attribute' }>['key']): RawBuilder<unknown> {
  return key === 'endedAt'
    ? sql`(tracing_traces.started_at + coalesce(tracing_traces.duration_ms, 0))`
    : sql.ref(COLUMNS[key])
}

/** Links count where a run is asked for by its id; every other question is about the run it was made in. */
function ofRun(storage: Storage, test: Test): RawBuilder<SqlBool> {
  const own = compare(storage, sql.ref('tracing_traces.run'), test)
  if (test.is !== '=' && test.is !== 'in') return own
  const linked = exists(sql`tracing_links as link where link.trace = tracing_traces.id and link.kind = 'run'
    and ${compare(storage, sql.ref('link.target'), test)}`)
  return sql`(${own} or ${linked})`
}

/** Values are kept as JSON: text is compared with and without its quotes, so that `'true'` finds what is true. */
function compareAssessed(storage: Storage, test: Test): RawBuilder<SqlBool> {
  if (test.is === '=' || test.is === '!=') {
    const same = sql<SqlBool>`told.value in (${String(test.value)}, ${JSON.stringify(String(test.value))})`
    return test.is === '=' ? same : sql`not ${same}`
  }
  const isNumber = 'value' in test && typeof test.value === 'number'
  return compare(storage, sql.ref(isNumber ? 'told.number' : 'told.value'), test)
}

function someSpan(storage: Storage, conditions: readonly OnSpan[]): RawBuilder<SqlBool> {
  const all = conditions.map((condition) => {
    if (condition.on === 'span') return compare(storage, sql.ref(`span.${condition.key}`), condition)
    if (condition.on === 'span-attribute')
      return compare(storage, storage.capabilities.jsonText(sql.ref('span.attributes'), condition.key), condition)
    return sql<SqlBool>`(${compare(storage, sql.ref('span.attributes'), condition)}
      or ${compare(storage, sql.ref('span.name'), condition)})`
  })
  return exists(sql`tracing_spans as span where span.trace = tracing_traces.id and ${sql.join(all, sql` and `)}`)
}

function mentions({ capabilities }: Storage, text: string): RawBuilder<SqlBool> {
  const columns = ['name', 'request', 'response'].map((column) =>
    capabilities.like(sql.ref(`tracing_traces.${column}`), `%${text}%`, { ignoreCase: true }),
  )
  return sql`(${sql.join(columns, sql` or `)})`
}

function compare({ capabilities }: Storage, value: RawBuilder<unknown>, test: Test): RawBuilder<SqlBool> {
  switch (test.is) {
    case 'absent':
      return sql`${value} is null`
    case 'present':
      return sql`${value} is not null`
    case 'like':
    case 'ilike':
      return capabilities.like(value, test.value, { ignoreCase: test.is === 'ilike' })
    case 'in':
    case 'not in':
      // An empty list is not SQL: nothing is in it.
      if (test.value.length === 0) return test.is === 'in' ? sql`1 = 0` : sql`1 = 1`
      return sql`${value} ${sql.raw(test.is)} (${sql.join(test.value)})`
    default:
      return sql`${value} ${sql.raw(test.is)} ${test.value}`
  }
}

function ordered(query: Query, order: Order): Query {
  const value =
    order.on === 'attribute'
      ? attributeValue(order.key)
      : sql`(select pair.value from ${sql.table(TABLES[order.on])} as pair
          where pair.trace = tracing_traces.id and pair.key = ${order.key})`
  return query.orderBy(sql`case when ${value} is null then 1 else 0 end`).orderBy(value, order.direction)
}
