import type { Storage } from '#platform/storage'
import type { MetricPoint } from '../contract.ts'
import { reading } from './tables.ts'

/** The points of a metric as a chart needs them, by step. @param from the first step wanted */
export async function chartPoints(
  storage: Storage,
  run: string,
  key: string,
  from: number | undefined,
): Promise<MetricPoint[]> {
  let query = reading(storage)
    .selectFrom('tracking_metrics')
    .select(['step', 'at', 'value', 'is_nan'])
    .where('run', '=', run)
    .where('key', '=', key)
  if (from !== undefined) query = query.where('step', '>=', from)
  const rows = await query.orderBy('step').orderBy('at').orderBy('value').execute()
  return rows.map((row) => ({
    step: Number(row.step),
    at: Number(row.at),
    value: row.is_nan ? null : row.value,
  }))
}
