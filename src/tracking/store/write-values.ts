import { type RawBuilder, sql } from 'kysely'
import { openStatements, type StorageCapabilities, type Tx } from '#platform/storage'
import type { LatestMetricRow, MetricRow } from './tables.ts'

export interface ParamRow {
  run: string
  key: string
  value: string
}

/** A run as far as writing to it needs it. */
export interface RunState {
  id: string
  experiment: string
  deleted_at: number | null
}

/** The statements behind logging: of many runs at once, since that is how clients log. */
export interface ValueWriter {
  /** Until the transaction ends nobody else writes to them. */
  lockRuns(tx: Tx, ids: readonly string[]): Promise<RunState[]>
  /** Those of the params that are there already. */
  params(tx: Tx, keys: readonly { run: string; key: string }[]): Promise<ParamRow[]>
  insertParams(tx: Tx, rows: readonly ParamRow[]): Promise<void>
  upsertTags(tx: Tx, rows: readonly ParamRow[]): Promise<void>
  /** Appends to the histories; a point that is there already is no second one. */
  insertMetrics(tx: Tx, rows: readonly MetricRow[]): Promise<void>
  /** The latest value is the one of the highest step, then of the latest time. At most one row of a run and key. */
  upsertLatestMetrics(tx: Tx, rows: readonly LatestMetricRow[]): Promise<void>
}

export function openValueWriter({ forUpdate }: StorageCapabilities): ValueWriter {
  const { runMany, runList } = openStatements()
  return {
    // Everybody locks in the order of ids: two that lock the same runs wait for each other one way round only.
    lockRuns: (tx, ids) => runList(tx, 'lock runs', (list) => runsOf(list, forUpdate), ids.toSorted()),
    params: (tx, keys) =>
      runMany(
        tx,
        'params',
        paramsOf,
        2,
        keys.flatMap(({ run, key }) => [run, key]),
      ),
    insertParams: async (tx, rows) => {
      await runMany(tx, 'insert params', insertParams, 3, rows.flatMap(valuesOf))
    },
    upsertTags: async (tx, rows) => {
      await runMany(tx, 'upsert tags', upsertTags, 3, rows.flatMap(valuesOf))
    },
    insertMetrics: async (tx, rows) => {
      await runMany(tx, 'insert metrics', insertMetrics, METRIC_KEYS.length, flattened(rows, METRIC_KEYS))
    },
    upsertLatestMetrics: async (tx, rows) => {
      await runMany(tx, 'upsert latest', upsertLatest, LATEST_KEYS.length, flattened(rows, LATEST_KEYS))
    },
  }
}

const METRIC_KEYS = [
  ...(['run', 'key', 'step', 'at', 'value', 'is_nan', 'model', 'dataset_name', 'dataset_digest'] as const),
]
const LATEST_KEYS = [...METRIC_KEYS, 'experiment', 'min_value', 'max_value'] as const

const valuesOf = ({ run, key, value }: ParamRow) => [run, key, value]

function flattened<Row>(rows: readonly Row[], keys: readonly (keyof Row)[]): unknown[] {
  const values = new Array<unknown>(rows.length * keys.length)
  let at = 0
  for (const row of rows) for (const key of keys) values[at++] = row[key]
  return values
}

const names = (keys: readonly string[]) => sql.join(keys.map((key) => sql.ref(key)))

const runsOf = (ids: RawBuilder<unknown>, forUpdate: RawBuilder<unknown>) =>
  sql`select id, experiment, deleted_at from tracking_runs where id in (${ids}) order by id ${forUpdate}`

const paramsOf = (keys: RawBuilder<unknown>) =>
  sql`select run, key, value from tracking_params where (run, key) in (values ${keys})`

const insertParams = (rows: RawBuilder<unknown>) => sql`insert into tracking_params (run, key, value) values ${rows}`

const upsertTags = (rows: RawBuilder<unknown>) =>
  sql`insert into tracking_tags (run, key, value) values ${rows}
    on conflict (run, key) do update set value = excluded.value`

const insertMetrics = (rows: RawBuilder<unknown>) =>
  sql`insert into tracking_metrics (${names(METRIC_KEYS)}) values ${rows} on conflict do nothing`

const NEWER = sql`(excluded.step, excluded.at) >= (tracking_latest_metrics.step, tracking_latest_metrics.at)`

const ifNewer = (column: string) =>
  sql`${sql.ref(column)} = case when ${NEWER} then ${sql.ref(`excluded.${column}`)}
    else ${sql.ref(`tracking_latest_metrics.${column}`)} end`

/** NaN is no best value: a bound stays `null` until there is a number. */
const ifBetter = (column: string, is: '<' | '>') =>
  sql`${sql.ref(column)} = case when tracking_latest_metrics.${sql.ref(column)} is null
      or ${sql.ref(`excluded.${column}`)} ${sql.raw(is)} ${sql.ref(`tracking_latest_metrics.${column}`)}
    then ${sql.ref(`excluded.${column}`)} else ${sql.ref(`tracking_latest_metrics.${column}`)} end`

const OF_THE_LATEST = ['value', 'is_nan', 'model', 'dataset_name', 'dataset_digest', 'step', 'at']

const upsertLatest = (rows: RawBuilder<unknown>) =>
  sql`insert into tracking_latest_metrics (${names(LATEST_KEYS)}) values ${rows}
    on conflict (run, key) do update set
      ${sql.join([...OF_THE_LATEST.map(ifNewer), ifBetter('min_value', '<'), ifBetter('max_value', '>')])}`
