import { sql } from 'kysely'
import { openStatements, type Storage, type Tx } from '#platform/storage'
import type { Run } from '../contract.ts'
import { inPieces, reading, type TrackingTables } from './tables.ts'
import { latestMetrics, type MetricValue } from './values.ts'

type RunRow = TrackingTables['tracking_runs']

const statements = openStatements()

export async function insertRun(
  tx: Tx,
  run: Pick<Run, 'id' | 'name' | 'experiment' | 'project' | 'parent' | 'startedAt'>,
): Promise<void> {
  const { id, name, experiment, project, parent, startedAt } = run
  await statements.run(tx, 'insert run', insertStatement, [id, name, experiment, project, parent, 'running', startedAt])
}

const insertStatement = () =>
  sql`insert into tracking_runs (id, name, experiment, project, parent, state, started_at)
    values (${sql.join(new Array(7).fill(null))}) on conflict (id) do nothing`

export interface RunChange {
  state?: Run['state'] | undefined
  endedAt?: number | null | undefined
  name?: string | undefined
  /** Ignored when there is no such run. */
  parent?: string | undefined
  deletedAt?: number | null | undefined
}

export async function updateRun(tx: Tx, id: string, change: RunChange): Promise<void> {
  const values = {
    ...(change.state !== undefined && { state: change.state }),
    ...(change.endedAt !== undefined && { ended_at: change.endedAt }),
    ...(change.name !== undefined && { name: change.name }),
    ...(change.parent !== undefined && { parent: change.parent }),
    ...(change.deletedAt !== undefined && { deleted_at: change.deletedAt }),
  }
  if (Object.keys(values).length === 0) return
  await reading(tx).updateTable('tracking_runs').set(values).where('id', '=', id).execute()
}

/** The bare row, without params, tags and metrics. */
export async function runRow(from: Storage | Tx, id: string): Promise<RunRow | undefined> {
  const { rows } = await statements.run<RunRow>(
    reading(from),
    'run',
    () => sql`select * from tracking_runs where id = ${id}`,
    [id],
  )
  return rows[0]
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

/** Ids of an experiment's runs that are not in the bin. */
export async function activeRunsOf(tx: Tx, experiment: string): Promise<string[]> {
  const rows = await reading(tx)
    .selectFrom('tracking_runs')
    .select('id')
    .where('experiment', '=', experiment)
    .where('deleted_at', 'is', null)
    .execute()
  return rows.map(({ id }) => id)
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

export async function runById(from: Storage | Tx, id: string): Promise<RunWithPoints | undefined> {
  const row = await runRow(from, id)
  return row && (await withDetails(from, [row]))[0]
}

/** A run, and the latest point of each of its metrics, by name. */
export interface RunWithPoints {
  run: Run
  points: MetricValue[]
}

/** The rows with their params, tags and latest metrics, in the order given. */
export async function withDetails(from: Storage | Tx, rows: readonly RunRow[]): Promise<RunWithPoints[]> {
  const runs: RunWithPoints[] = []
  for (const piece of inPieces(rows, 1)) runs.push(...(await pieceWithDetails(from, piece)))
  return runs
}

async function pieceWithDetails(from: Storage | Tx, rows: readonly RunRow[]): Promise<RunWithPoints[]> {
  const ids = rows.map((row) => row.id)
  const [params, tags, points, names] = await Promise.all([
    textsOf(from, 'tracking_params', ids),
    textsOf(from, 'tracking_tags', ids),
    latestMetrics(from, ids),
    experimentNames(from, [...new Set(rows.map((row) => row.experiment))]),
  ])
  return rows.map((row) => ({
    run: {
      id: row.id,
      name: row.name,
      experiment: names.get(row.experiment) ?? row.experiment,
      experimentId: row.experiment,
      project: row.project,
      parent: row.parent,
      state: row.state,
      startedAt: Number(row.started_at),
      endedAt: row.ended_at === null ? null : Number(row.ended_at),
      params: params.get(row.id)!,
      tags: tags.get(row.id)!,
      metrics: numbersOf(points.get(row.id)!),
      deletedAt: row.deleted_at === null ? null : Number(row.deleted_at),
    },
    points: points.get(row.id)!,
  }))
}

async function textsOf(from: Storage | Tx, table: 'tracking_params' | 'tracking_tags', runs: readonly string[]) {
  const rows = await statements.runList<{ run: string; key: string; value: string }>(
    reading(from),
    table,
    (list) => sql`select run, key, value from ${sql.table(table)} where run in (${list}) order by run, key`,
    runs,
  )
  const of = new Map<string, Record<string, string>>(runs.map((run) => [run, {}]))
  for (const { run, key, value } of rows) setOwn(of.get(run)!, key, value)
  return of
}

async function experimentNames(from: Storage | Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await statements.runList<{ id: string; name: string }>(
    reading(from),
    'experiments',
    (list) => sql`select id, name from tracking_experiments where id in (${list})`,
    ids,
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

function numbersOf(points: readonly MetricValue[]): Record<string, number | null> {
  const numbers: Record<string, number | null> = {}
  for (const { key, value } of points) setOwn(numbers, key, Number.isNaN(value) ? null : value)
  return numbers
}

/** People name what they log: `__proto__` is to be a key like any other. */
function setOwn<Value>(record: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__')
    Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true })
  else record[key] = value
}
