import { sql } from 'kysely'
import { type Storage, type Tx, tables } from '#platform/storage'
import type { Artifact, Run } from './contract.ts'

export interface Experiment {
  id: string
  name: string
  project: string | null
  createdAt: number
}

export interface MetricValue {
  key: string
  value: number
  step: number
  at: number
}

interface TrackingTables {
  tracking_experiments: { id: string; name: string; project: string | null; created_at: number }
  tracking_runs: {
    id: string
    name: string
    experiment: string
    project: string | null
    parent: string | null
    state: Run['state']
    started_at: number
    ended_at: number | null
  }
  tracking_params: { run: string; key: string; value: string }
  tracking_tags: { run: string; key: string; value: string }
  tracking_metrics: { run: string; key: string; step: number; at: number; value: number }
  tracking_latest_metrics: { run: string; key: string; step: number; at: number; value: number }
  tracking_artifacts: { run: string; path: string; hash: string; size: number }
}

export async function insertExperiment(tx: Tx, experiment: Experiment): Promise<void> {
  await tables<TrackingTables>(tx)
    .insertInto('tracking_experiments')
    .values({
      id: experiment.id,
      name: experiment.name,
      project: experiment.project,
      created_at: experiment.createdAt,
    })
    .execute()
}

export async function experimentByNameIn(tx: Tx, name: string): Promise<Experiment | undefined> {
  const row = await tables<TrackingTables>(tx)
    .selectFrom('tracking_experiments')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
  return row && experimentFromRow(row)
}

export async function experimentsWhere(storage: Storage, where: { id?: string; name?: string }): Promise<Experiment[]> {
  let query = storage.reads<TrackingTables>().selectFrom('tracking_experiments').selectAll()
  if (where.id !== undefined) query = query.where('id', '=', where.id)
  if (where.name !== undefined) query = query.where('name', '=', where.name)
  return (await query.orderBy('created_at').execute()).map(experimentFromRow)
}

export async function insertRun(
  tx: Tx,
  run: {
    id: string
    name: string
    experiment: string
    project: string | null
    parent: string | null
    startedAt: number
  },
): Promise<void> {
  await tables<TrackingTables>(tx)
    .insertInto('tracking_runs')
    .values({
      id: run.id,
      name: run.name,
      experiment: run.experiment,
      project: run.project,
      parent: run.parent,
      state: 'running',
      started_at: run.startedAt,
      ended_at: null,
    })
    .onConflict((c) => c.column('id').doNothing())
    .execute()
}

export async function updateRun(
  tx: Tx,
  id: string,
  change: { state?: Run['state']; endedAt?: number | null; name?: string },
): Promise<void> {
  await tables<TrackingTables>(tx)
    .updateTable('tracking_runs')
    .set({
      ...(change.state !== undefined && { state: change.state }),
      ...(change.endedAt !== undefined && { ended_at: change.endedAt }),
      ...(change.name !== undefined && { name: change.name }),
    })
    .where('id', '=', id)
    .execute()
}

/** Writes params; returns the first that is there already with another value. */
export async function insertParams(
  tx: Tx,
  run: string,
  params: readonly (readonly [string, string])[],
): Promise<{ key: string; before: string; after: string } | undefined> {
  for (const [key, value] of params) {
    const before = await tables<TrackingTables>(tx)
      .selectFrom('tracking_params')
      .select('value')
      .where('run', '=', run)
      .where('key', '=', key)
      .executeTakeFirst()
    if (before && before.value !== value) return { key, before: before.value, after: value }
    if (!before) await tables<TrackingTables>(tx).insertInto('tracking_params').values({ run, key, value }).execute()
  }
  return undefined
}

export async function upsertTags(tx: Tx, run: string, tags: readonly (readonly [string, string])[]): Promise<void> {
  for (const [key, value] of tags) {
    await tables<TrackingTables>(tx)
      .insertInto('tracking_tags')
      .values({ run, key, value })
      .onConflict((c) => c.columns(['run', 'key']).doUpdateSet({ value }))
      .execute()
  }
}

/** Appends to the histories; the latest value is the one of the highest step, then of the latest time. */
export async function insertMetrics(tx: Tx, run: string, metrics: readonly MetricValue[]): Promise<void> {
  const db = tables<TrackingTables>(tx)
  for (const { key, value, step, at } of metrics) {
    await db.insertInto('tracking_metrics').values({ run, key, step, at, value }).execute()
    await db
      .insertInto('tracking_latest_metrics')
      .values({ run, key, step, at, value })
      .onConflict((c) =>
        c
          .columns(['run', 'key'])
          .doUpdateSet({ value, step, at })
          .where(
            sql<boolean>`(excluded.step, excluded.at) >= (tracking_latest_metrics.step, tracking_latest_metrics.at)`,
          ),
      )
      .execute()
  }
}

export async function insertArtifact(tx: Tx, run: string, artifact: Artifact): Promise<void> {
  const { path, hash, size } = artifact
  await tables<TrackingTables>(tx)
    .insertInto('tracking_artifacts')
    .values({ run, path, hash, size })
    .onConflict((c) => c.columns(['run', 'path']).doUpdateSet({ hash, size }))
    .execute()
}

export async function runById(storage: Storage, id: string): Promise<Run | undefined> {
  const rows = await storage
    .reads<TrackingTables>()
    .selectFrom('tracking_runs')
    .selectAll()
    .where('id', '=', id)
    .execute()
  return (await withDetails(storage, rows))[0]
}

export interface RunFilter {
  project?: string | undefined
  experiment?: string | undefined
  /** A run's id, or `none` for runs that are nested in no other. */
  parent?: string | undefined
  orderBy?: string | undefined
  direction: 'asc' | 'desc'
  limit: number
  offset: number
}

export async function listRuns(storage: Storage, filter: RunFilter): Promise<Run[]> {
  let query = storage.reads<TrackingTables>().selectFrom('tracking_runs').selectAll('tracking_runs')
  if (filter.project) query = query.where('tracking_runs.project', '=', filter.project)
  if (filter.parent === 'none') query = query.where('tracking_runs.parent', 'is', null)
  else if (filter.parent) query = query.where('tracking_runs.parent', '=', filter.parent)
  if (filter.experiment) {
    query = query.where('tracking_runs.experiment', 'in', (e) =>
      e.selectFrom('tracking_experiments').select('id').where('name', '=', filter.experiment!),
    )
  }
  const [kind, key] = splitOnce(filter.orderBy ?? 'startedAt')
  if (kind === 'metric' && key) {
    query = query
      .leftJoin('tracking_latest_metrics', (join) =>
        join.onRef('tracking_latest_metrics.run', '=', 'tracking_runs.id').on('tracking_latest_metrics.key', '=', key),
      )
      .orderBy(sql`tracking_latest_metrics.value is null`)
      .orderBy('tracking_latest_metrics.value', filter.direction)
  } else if (kind === 'param' && key) {
    query = query
      .leftJoin('tracking_params', (join) =>
        join.onRef('tracking_params.run', '=', 'tracking_runs.id').on('tracking_params.key', '=', key),
      )
      .orderBy(sql`tracking_params.value is null`)
      .orderBy('tracking_params.value', filter.direction)
  }
  const rows = await query
    .orderBy('tracking_runs.started_at', filter.direction)
    .orderBy('tracking_runs.id', filter.direction)
    .limit(filter.limit)
    .offset(filter.offset)
    .execute()
  return withDetails(storage, rows)
}

export async function metricHistory(storage: Storage, run: string, key: string): Promise<MetricValue[]> {
  const rows = await storage
    .reads<TrackingTables>()
    .selectFrom('tracking_metrics')
    .select(['key', 'value', 'step', 'at'])
    .where('run', '=', run)
    .where('key', '=', key)
    .orderBy('step')
    .orderBy('at')
    .execute()
  return rows.map((row) => ({ key: row.key, value: row.value, step: Number(row.step), at: Number(row.at) }))
}

export async function artifactsOf(storage: Storage, run: string): Promise<Artifact[]> {
  const rows = await storage
    .reads<TrackingTables>()
    .selectFrom('tracking_artifacts')
    .select(['path', 'hash', 'size'])
    .where('run', '=', run)
    .orderBy('path')
    .execute()
  return rows.map((row) => ({ ...row, size: Number(row.size) }))
}

async function withDetails(storage: Storage, rows: TrackingTables['tracking_runs'][]): Promise<Run[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const db = storage.reads<TrackingTables>()
  const [params, tags, metrics, experiments] = await Promise.all([
    db.selectFrom('tracking_params').selectAll().where('run', 'in', ids).execute(),
    db.selectFrom('tracking_tags').selectAll().where('run', 'in', ids).execute(),
    db.selectFrom('tracking_latest_metrics').select(['run', 'key', 'value']).where('run', 'in', ids).execute(),
    db
      .selectFrom('tracking_experiments')
      .select(['id', 'name'])
      .where('id', 'in', [...new Set(rows.map((row) => row.experiment))])
      .execute(),
  ])
  const names = new Map(experiments.map((experiment) => [experiment.id, experiment.name]))
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    experiment: names.get(row.experiment) ?? row.experiment,
    project: row.project,
    parent: row.parent,
    state: row.state,
    startedAt: Number(row.started_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    params: ofRun(params, row.id),
    tags: ofRun(tags, row.id),
    metrics: ofRun(metrics, row.id),
  }))
}

function ofRun<Value>(rows: readonly { run: string; key: string; value: Value }[], run: string): Record<string, Value> {
  return Object.fromEntries(rows.filter((row) => row.run === run).map((row) => [row.key, row.value]))
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf(':')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function experimentFromRow(row: TrackingTables['tracking_experiments']): Experiment {
  return { id: row.id, name: row.name, project: row.project, createdAt: Number(row.created_at) }
}
