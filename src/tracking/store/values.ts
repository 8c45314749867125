import type { Storage, Tx } from '#platform/storage'
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

/** By step, then by time. */
export async function metricHistory(
  storage: Storage,
  run: string,
  key: string,
  page: { limit: number; offset: number } | undefined,
): Promise<MetricValue[]> {
  let query = reading(storage)
    .selectFrom('tracking_metrics')
    .selectAll()
    .where('run', '=', run)
    .where('key', '=', key)
    .orderBy('step')
    .orderBy('at')
    .orderBy('value')
  if (page) query = query.limit(page.limit).offset(page.offset)
  return (await query.execute()).map(fromRow)
}

export async function latestMetrics(
  from: Storage | Tx,
  runs: readonly string[],
): Promise<(MetricValue & { run: string })[]> {
  if (runs.length === 0) return []
  const rows = await reading(from)
    .selectFrom('tracking_latest_metrics')
    .selectAll()
    .where('run', 'in', runs)
    .orderBy('key')
    .execute()
  return rows.map((row) => ({ run: row.run, ...fromRow(row) }))
}

export async function metricsOfModels(
  storage: Storage,
  models: readonly string[],
): Promise<(MetricValue & { run: string; model: string })[]> {
  if (models.length === 0) return []
  const rows = await reading(storage)
    .selectFrom('tracking_latest_metrics')
    .selectAll()
    .where('model', 'in', models)
    .orderBy('key')
    .execute()
  return rows.map((row) => ({ ...fromRow(row), run: row.run, model: row.model! }))
}

function fromRow(row: MetricRow): MetricValue {
  const { key, model, dataset_name: name, dataset_digest: digest } = row
  return {
    key,
    value: row.is_nan ? Number.NaN : row.value,
    step: Number(row.step),
    at: Number(row.at),
    ...(model !== null && { model }),
    ...(name !== null && { dataset: { name, digest: digest ?? '' } }),
  }
}
