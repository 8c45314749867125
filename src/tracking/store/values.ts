import { type RawBuilder, sql } from 'kysely'
import { openStatements, type Storage, type Tx } from '#platform/storage'
import { type MetricRow, reading } from './tables.ts'

export interface MetricValue {
  key: string
  /** May be NaN. */
  value: number
  step: number
  /** When it was measured, ms since 1970. */
  at: number
  /** The logged model it was measured of. */
  model?: string | undefined
  /** What it was measured on. */
  dataset?: { name: string; digest: string } | undefined
}

/** @returns whether there was such a tag */
export async function deleteTag(tx: Tx, run: string, key: string): Promise<boolean> {
  const { numDeletedRows } = await reading(tx)
    .deleteFrom('tracking_tags')
    .where('run', '=', run)
    .where('key', '=', key)
    .executeTakeFirst()
  return numDeletedRows > 0
}

const statements = openStatements()

/** What runs of these experiments have in tags whose keys start like this: every value once. */
export async function tagsStarting(
  storage: Storage,
  start: string,
  experiments: readonly string[],
): Promise<{ experiment: string; key: string; value: string }[]> {
  if (experiments.length === 0) return []
  return reading(storage)
    .selectFrom('tracking_runs as run')
    .innerJoin('tracking_tags as tag', 'tag.run', 'run.id')
    .select(['run.experiment', 'tag.key', 'tag.value'])
    .distinct()
    .where('run.experiment', 'in', experiments)
    .where(sql<boolean>`substr(tag.key, 1, ${sql.lit(start.length)}) = ${start}`)
    .orderBy('run.experiment')
    .orderBy('tag.key')
    .execute()
}

/** By step, then by time. */
export async function metricHistory(
  storage: Storage,
  run: string,
  key: string,
  page: { limit: number; offset: number } | undefined,
): Promise<MetricValue[]> {
  const { limit, offset } = page ?? { limit: Number.MAX_SAFE_INTEGER, offset: 0 }
  const { rows } = await statements.run<Omit<MetricRow, 'run' | 'key'>>(reading(storage), 'history', historyOf, [
    ...[run, key, limit, offset],
  ])
  return rows.map((row) => valueFrom(key, row))
}

const historyOf = () =>
  sql`select step, at, value, is_nan, model, dataset_name, dataset_digest from tracking_metrics
    where run = ${''} and key = ${''} order by step, at, value limit ${0} offset ${0}`

const latestOf = (runs: RawBuilder<unknown>) =>
  sql`select run, key, step, at, value, is_nan, model, dataset_name, dataset_digest from tracking_latest_metrics
    where run in (${runs}) order by run, key`

/** The latest point of every metric of these runs, by name. */
export async function latestMetrics(from: Storage | Tx, runs: readonly string[]): Promise<Map<string, MetricValue[]>> {
  const rows = await statements.runList<MetricRow>(reading(from), 'latest', latestOf, runs)
  const of = new Map<string, MetricValue[]>(runs.map((run) => [run, []]))
  for (const row of rows) of.get(row.run)!.push(fromRow(row))
  return of
}

export async function metricsOfModels(
  storage: Storage,
  models: readonly string[],
): Promise<(MetricValue & { run: string; model: string })[]> {
  if (models.length === 0) return []
  const rows = await reading(storage)
    .selectFrom('tracking_metrics')
    .selectAll()
    .where('model', 'in', models)
    .orderBy('key')
    .orderBy('at')
    .orderBy('step')
    .execute()
  return rows.map((row) => ({ ...fromRow(row), run: row.run, model: row.model! }))
}

const fromRow = (row: MetricRow) => valueFrom(row.key, row)

function valueFrom(key: string, row: Omit<MetricRow, 'run' | 'key'>): MetricValue {
  const value = row.is_nan ? Number.NaN : row.value
  const metric: MetricValue = { key, value, step: Number(row.step), at: Number(row.at) }
  if (row.model !== null) metric.model = row.model
  if (row.dataset_name !== null) metric.dataset = { name: row.dataset_name, digest: row.dataset_digest ?? '' }
  return metric
}
