import { sql } from 'kysely'
import type { Storage, Tx } from '#platform/storage'
import { inPieces, type MetricRow, reading } from './tables.ts'

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

/** Writes params; returns the first that is there already with another value. */
export async function insertParams(
  tx: Tx,
  run: string,
  params: readonly (readonly [string, string])[],
): Promise<{ key: string; before: string; after: string } | undefined> {
  const db = reading(tx)
  for (const piece of inPieces(params, 3)) {
    await db
      .insertInto('tracking_params')
      .values(piece.map(([key, value]) => ({ run, key, value })))
      .onConflict((c) => c.columns(['run', 'key']).doNothing())
      .execute()
    const kept = await db
      .selectFrom('tracking_params')
      .select(['key', 'value'])
      .where('run', '=', run)
      .where(
        'key',
        'in',
        piece.map(([key]) => key),
      )
      .execute()
    const values = new Map(kept.map(({ key, value }) => [key, value]))
    const conflict = piece.find(([key, value]) => values.get(key) !== value)
    if (conflict) return { key: conflict[0], before: values.get(conflict[0]) ?? '', after: conflict[1] }
  }
  return undefined
}

export async function upsertTags(tx: Tx, run: string, tags: readonly (readonly [string, string])[]): Promise<void> {
  // The last of two with the same key counts; one statement must not write a row twice.
  for (const piece of inPieces([...new Map(tags)], 3)) {
    await reading(tx)
      .insertInto('tracking_tags')
      .values(piece.map(([key, value]) => ({ run, key, value })))
      .onConflict((c) => c.columns(['run', 'key']).doUpdateSet({ value: sql`excluded.value` }))
      .execute()
  }
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

/** Appends to the histories; the latest value is the one of the highest step, then of the latest time. */
export async function insertMetrics(tx: Tx, run: string, metrics: readonly MetricValue[]): Promise<void> {
  const db = reading(tx)
  const rows = metrics.map((metric) => rowOf(run, metric))
  for (const piece of inPieces(rows, 9)) {
    await db
      .insertInto('tracking_metrics')
      .values([...piece])
      .onConflict((c) => c.doNothing())
      .execute()
  }
  for (const piece of inPieces(latestOf(rows), 9)) {
    await db
      .insertInto('tracking_latest_metrics')
      .values([...piece])
      .onConflict((c) =>
        c
          .columns(['run', 'key'])
          .doUpdateSet({
            value: sql`excluded.value`,
            step: sql`excluded.step`,
            at: sql`excluded.at`,
            is_nan: sql`excluded.is_nan`,
            model: sql`excluded.model`,
            dataset_name: sql`excluded.dataset_name`,
            dataset_digest: sql`excluded.dataset_digest`,
          })
          .where(
            sql<boolean>`(excluded.step, excluded.at) >= (tracking_latest_metrics.step, tracking_latest_metrics.at)`,
          ),
      )
      .execute()
  }
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

/** Infinities become the largest numbers there are, as in every SQL store of MLflow: JSON has no word for them. */
function rowOf(run: string, { key, value, step, at, model, dataset }: MetricValue): MetricRow {
  const isNan = Number.isNaN(value)
  return {
    run,
    key,
    step,
    at,
    value: isNan ? 0 : Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE),
    is_nan: isNan ? 1 : 0,
    model: model ?? null,
    dataset_name: dataset?.name ?? null,
    dataset_digest: dataset?.digest ?? null,
  }
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

function latestOf(rows: readonly MetricRow[]): MetricRow[] {
  const latest = new Map<string, MetricRow>()
  for (const row of rows) {
    const before = latest.get(row.key)
    if (!before || row.step > before.step || (row.step === before.step && row.at >= before.at)) latest.set(row.key, row)
  }
  return [...latest.values()]
}
