import { sql } from 'kysely'
import type { Storage } from '#platform/storage'
import type { MetricBounds, Run, RunLine } from '../contract.ts'
import { reading } from './tables.ts'

/** What a list shows of runs beside what they are: the best values of their metrics, and how many are nested in them. */
export async function withLines(storage: Storage, runs: readonly Run[]): Promise<RunLine[]> {
  if (runs.length === 0) return []
  const ids = runs.map((run) => run.id)
  const [bounds, nested] = await Promise.all([boundsOf(storage, ids), nestedIn(storage, ids)])
  return runs.map((run) => ({ ...run, bounds: bounds.get(run.id) ?? {}, nested: nested.get(run.id) ?? 0 }))
}

async function boundsOf(storage: Storage, runs: readonly string[]): Promise<Map<string, Record<string, MetricBounds>>> {
  const rows = await reading(storage)
    .selectFrom('tracking_latest_metrics')
    .select(['run', 'key', 'min_value', 'max_value'])
    .where('run', 'in', runs)
    .execute()
  const of = Map.groupBy(rows, (row) => row.run)
  return new Map(
    [...of].map(([run, metrics]) => [
      run,
      Object.fromEntries(metrics.map(({ key, min_value: min, max_value: max }) => [key, { min, max }])),
    ]),
  )
}

async function nestedIn(storage: Storage, runs: readonly string[]): Promise<Map<string, number>> {
  const rows = await reading(storage)
    .selectFrom('tracking_runs')
    .select(['parent', sql<number>`count(*)`.as('nested')])
    .where('parent', 'in', runs)
    .where('deleted_at', 'is', null)
    .groupBy('parent')
    .execute()
  return new Map(rows.map(({ parent, nested }) => [parent!, Number(nested)]))
}
