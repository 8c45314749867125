import type { Storage, Tx } from '#platform/storage'
import type { Run } from '../contract.ts'
import { inPieces, reading, type TrackingTables } from './tables.ts'
import { latestMetrics } from './values.ts'

type RunRow = TrackingTables['tracking_runs']

export async function insertRun(
  tx: Tx,
  run: Pick<Run, 'id' | 'name' | 'experiment' | 'project' | 'parent' | 'startedAt'>,
): Promise<void> {
  await reading(tx)
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
      deleted_at: null,
    })
    .onConflict((c) => c.column('id').doNothing())
    .execute()
}

export interface RunChange {
  state?: Run['state'] | undefined
  endedAt?: number | null | undefined
  name?: string | undefined
  deletedAt?: number | null | undefined
}

export async function updateRun(tx: Tx, id: string, change: RunChange): Promise<void> {
  const values = {
    ...(change.state !== undefined && { state: change.state }),
    ...(change.endedAt !== undefined && { ended_at: change.endedAt }),
    ...(change.name !== undefined && { name: change.name }),
    ...(change.deletedAt !== undefined && { deleted_at: change.deletedAt }),
  }
  if (Object.keys(values).length === 0) return
  await reading(tx).updateTable('tracking_runs').set(values).where('id', '=', id).execute()
}

/** The bare row, without params, tags and metrics. */
export async function runRow(from: Storage | Tx, id: string): Promise<RunRow | undefined> {
  return reading(from).selectFrom('tracking_runs').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Marks the runs nested in this one, however deep, that are still under way. */
export async function endNestedRuns(tx: Tx, id: string, state: Run['state'], endedAt: number): Promise<void> {
  await reading(tx)
    .withRecursive('nested(id)', (db) =>
      db
        .selectFrom('tracking_runs')
        .select('id')
        .where('parent', '=', id)
        .union(
          db
            .selectFrom('tracking_runs')
            .innerJoin('nested', 'nested.id', 'tracking_runs.parent')
            .select('tracking_runs.id'),
        ),
    )
    .updateTable('tracking_runs')
    .set({ state, ended_at: endedAt })
    .where('state', '=', 'running')
    .where('id', 'in', (db) => db.selectFrom('nested').select('nested.id'))
    .execute()
}

/** Into the bin or out of it, with the experiment they belong to. */
export async function updateRunsOf(
  tx: Tx,
  experiment: string,
  deletedAt: { from: number | null; to: number | null },
): Promise<void> {
  await reading(tx)
    .updateTable('tracking_runs')
    .set({ deleted_at: deletedAt.to })
    .where('experiment', '=', experiment)
    .where('deleted_at', deletedAt.from === null ? 'is' : '=', deletedAt.from)
    .execute()
}

export async function runById(from: Storage | Tx, id: string): Promise<Run | undefined> {
  const row = await runRow(from, id)
  return row && (await withDetails(from, [row]))[0]
}

/** The rows with their params, tags and latest metrics, in the order given. */
export async function withDetails(from: Storage | Tx, rows: readonly RunRow[]): Promise<Run[]> {
  const runs: Run[] = []
  for (const piece of inPieces(rows, 1)) runs.push(...(await pieceWithDetails(from, piece)))
  return runs
}

async function pieceWithDetails(from: Storage | Tx, rows: readonly RunRow[]): Promise<Run[]> {
  const ids = rows.map((row) => row.id)
  const db = reading(from)
  const [params, tags, metrics, experiments] = await Promise.all([
    db.selectFrom('tracking_params').selectAll().where('run', 'in', ids).orderBy('key').execute(),
    db.selectFrom('tracking_tags').selectAll().where('run', 'in', ids).orderBy('key').execute(),
    latestMetrics(from, ids),
    db
      .selectFrom('tracking_experiments')
      .select(['id', 'name'])
      .where('id', 'in', [...new Set(rows.map((row) => row.experiment))])
      .execute(),
  ])
  const names = new Map(experiments.map((experiment) => [experiment.id, experiment.name]))
  const paramsOf = Map.groupBy(params, (param) => param.run)
  const tagsOf = Map.groupBy(tags, (tag) => tag.run)
  const metricsOf = Map.groupBy(metrics, (metric) => metric.run)
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    experiment: names.get(row.experiment) ?? row.experiment,
    experimentId: row.experiment,
    project: row.project,
    parent: row.parent,
    state: row.state,
    startedAt: Number(row.started_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    params: byKey(paramsOf.get(row.id)),
    tags: byKey(tagsOf.get(row.id)),
    metrics: byKey(
      metricsOf.get(row.id)?.map(({ key, value }) => ({ key, value: Number.isNaN(value) ? null : value })),
    ),
    deletedAt: row.deleted_at === null ? null : Number(row.deleted_at),
  }))
}

function byKey<Value>(rows: readonly { key: string; value: Value }[] = []): Record<string, Value> {
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}
