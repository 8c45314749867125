import type { Kysely } from 'kysely'
import { type Storage, type Tx, tables } from '#platform/storage'
import type { LoggedModelStatus, Run } from '../contract.ts'

export interface TrackingTables {
  tracking_experiments: {
    id: string
    name: string
    project: string | null
    created_at: number
    updated_at: number
    deleted_at: number | null
  }
  tracking_experiment_tags: { experiment: string; key: string; value: string }
  tracking_runs: {
    id: string
    name: string
    experiment: string
    project: string | null
    parent: string | null
    state: Run['state']
    started_at: number
    ended_at: number | null
    deleted_at: number | null
  }
  tracking_params: { run: string; key: string; value: string }
  tracking_tags: { run: string; key: string; value: string }
  tracking_metrics: MetricRow
  tracking_latest_metrics: LatestMetricRow
  /** `owner` is a run or a logged model: their ids never meet. */
  tracking_artifacts: { owner: string; path: string; hash: string; size: number }
  /** What an id of another server is here, and in which state of that it was brought over whole. */
  tracking_imports: {
    source: string
    kind: 'experiment' | 'run' | 'model'
    source_id: string
    id: string
    mark: string | null
  }
  tracking_logged_models: {
    id: string
    experiment: string
    run: string | null
    name: string
    type: string
    status: LoggedModelStatus
    params: string
    tags: string
    created_at: number
    updated_at: number
    deleted_at: number | null
  }
}

/** SQLite keeps no NaN: `is_nan` says that the value is none, and `value` is 0 then. */
export interface MetricRow {
  run: string
  key: string
  step: number
  at: number
  value: number
  is_nan: number
  /** The logged model it was measured of, and the dataset it was measured on. */
  model: string | null
  dataset_name: string | null
  dataset_digest: string | null
}

/** The latest point of a metric, and its best ones: `null` while every value was NaN. */
export interface LatestMetricRow extends MetricRow {
  /** Of the run, so that one index serves a search in one experiment by one metric. */
  experiment: string
  min_value: number | null
  max_value: number | null
}

/** A query builder that sees what `from` sees: a transaction its own writes, the storage what is committed. */
export function reading(from: Storage | Tx): Kysely<TrackingTables> {
  return 'reads' in from ? from.reads<TrackingTables>() : tables<TrackingTables>(from)
}

/** SQLite takes 32,766 values in a statement. */
export const MOST_VALUES = 30_000

/** `items` in pieces, so that a statement with `width` values for each of them stays below the databases' limits. */
export function* inPieces<T>(items: readonly T[], width: number): Generator<readonly T[]> {
  const size = Math.floor(MOST_VALUES / width)
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}
