import type { Kysely } from 'kysely'
import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { StoredAlert } from './alerts.ts'
import type { MonitorPoint } from './contract.ts'
import type { MonitorState } from './state.ts'

interface MonitoringTables {
  monitoring_points: { endpoint: string; through: number; first_seq: number; point: string }
  monitoring_states: { endpoint: string; through: number; state: string }
  monitoring_alerts: {
    id: string
    endpoint: string
    project: string
    opened_at: number
    closed_at: number | null
    pipeline_run: string | null
    alert: string
  }
}

type Db = Kysely<MonitoringTables>

export async function insertPoint(tx: Tx, point: MonitorPoint, firstSeq: number): Promise<void> {
  await tables<MonitoringTables>(tx)
    .insertInto('monitoring_points')
    .values({
      endpoint: point.endpoint,
      through: point.through,
      first_seq: firstSeq,
      point: encodeJson(point),
    })
    .execute()
}

/** The first row of the log that any period ending after `time` saw. */
export async function firstSeqAfter(storage: Storage, endpoint: string, time: number): Promise<number | undefined> {
  const row = await storage
    .reads<MonitoringTables>()
    .selectFrom('monitoring_points')
    .select((e) => e.fn.min('first_seq').as('seq'))
    .where('endpoint', '=', endpoint)
    .where('through', '>', time)
    .executeTakeFirst()
  return row?.seq == null ? undefined : Number(row.seq)
}

/** The points of a range in order of time, at most `most` of them, evenly picked and the last one always among them. */
export async function pointsOf(
  storage: Storage,
  endpoint: string,
  range: { from?: number | undefined; to?: number | undefined },
  most: number,
): Promise<MonitorPoint[]> {
  const within = (db: Db) => {
    let query = db.selectFrom('monitoring_points').where('endpoint', '=', endpoint)
    if (range.from !== undefined) query = query.where('through', '>=', range.from)
    if (range.to !== undefined) query = query.where('through', '<=', range.to)
    return query
  }
  const db = storage.reads<MonitoringTables>()
  const times = (await within(db).select('through').orderBy('through').execute()).map((row) => Number(row.through))
  const shown = thinned(times, most)
  if (shown.length === 0) return []
  const rows =
    shown.length === times.length
      ? await within(db).select('point').orderBy('through').execute()
      : await within(db).select('point').where('through', 'in', shown).orderBy('through').execute()
  return rows.map((row) => decodeJson<MonitorPoint>(row.point))
}

function thinned(times: readonly number[], most: number): number[] {
  if (times.length <= most) return [...times]
  const step = (times.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, i) => times[Math.round(i * step)]!)
}

export async function latestPointOf(storage: Storage, endpoint: string): Promise<MonitorPoint | undefined> {
  const row = await storage
    .reads<MonitoringTables>()
    .selectFrom('monitoring_points')
    .select('point')
    .where('endpoint', '=', endpoint)
    .orderBy('through', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && decodeJson<MonitorPoint>(row.point)
}

export async function stateOf(storage: Storage, endpoint: string): Promise<MonitorState | undefined> {
  const row = await storage
    .reads<MonitoringTables>()
    .selectFrom('monitoring_states')
    .select('state')
    .where('endpoint', '=', endpoint)
    .executeTakeFirst()
  return row && decodeJson<MonitorState>(row.state)
}

/** Replaces the state that stood `through` there; false when another server has moved it on. */
export async function saveState(
  tx: Tx,
  endpoint: string,
  through: number | undefined,
  state: MonitorState,
): Promise<boolean> {
  const db = tables<MonitoringTables>(tx)
  const values = { through: state.through, state: encodeJson(state) }
  if (through === undefined) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('monitoring_states')
      .values({ endpoint, ...values })
      .onConflict((c) => c.column('endpoint').doNothing())
      .executeTakeFirst()
    return (numInsertedOrUpdatedRows ?? 0n) > 0n
  }
  const { numUpdatedRows } = await db
    .updateTable('monitoring_states')
    .set(values)
    .where('endpoint', '=', endpoint)
    .where('through', '=', through)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function openAlertIn(tx: Tx, endpoint: string): Promise<StoredAlert | undefined> {
  const row = await tables<MonitoringTables>(tx)
    .selectFrom('monitoring_alerts')
    .select('alert')
    .where('endpoint', '=', endpoint)
    .where('closed_at', 'is', null)
    .executeTakeFirst()
  return row && decodeJson<StoredAlert>(row.alert)
}

export async function alertOfRunIn(tx: Tx, pipelineRun: string): Promise<StoredAlert | undefined> {
  const row = await tables<MonitoringTables>(tx)
    .selectFrom('monitoring_alerts')
    .select('alert')
    .where('pipeline_run', '=', pipelineRun)
    .executeTakeFirst()
  return row && decodeJson<StoredAlert>(row.alert)
}

export const alertIn = (tx: Tx, id: string) => alertFrom(tables<MonitoringTables>(tx), id)

export const alertOf = (storage: Storage, id: string) => alertFrom(storage.reads<MonitoringTables>(), id)

async function alertFrom(db: Db, id: string): Promise<StoredAlert | undefined> {
  const row = await db.selectFrom('monitoring_alerts').select('alert').where('id', '=', id).executeTakeFirst()
  return row && decodeJson<StoredAlert>(row.alert)
}

export async function saveAlert(tx: Tx, alert: StoredAlert): Promise<void> {
  const values = { closed_at: alert.closedAt, pipeline_run: alert.pipelineRun, alert: encodeJson(alert) }
  await tables<MonitoringTables>(tx)
    .insertInto('monitoring_alerts')
    .values({
      id: alert.id,
      endpoint: alert.endpoint,
      project: alert.project,
      opened_at: alert.openedAt,
      ...values,
    })
    .onConflict((c) => c.column('id').doUpdateSet(values))
    .execute()
}

export interface AlertFilter {
  project?: string | undefined
  endpoint?: string | undefined
  open?: boolean | undefined
  limit: number
  offset?: number | undefined
}

/** Newest first. */
export async function listAlerts(storage: Storage, filter: AlertFilter): Promise<StoredAlert[]> {
  let query = storage.reads<MonitoringTables>().selectFrom('monitoring_alerts').select('alert')
  if (filter.project) query = query.where('project', '=', filter.project)
  if (filter.endpoint) query = query.where('endpoint', '=', filter.endpoint)
  if (filter.open !== undefined) query = query.where('closed_at', filter.open ? 'is' : 'is not', null)
  const rows = await query
    .orderBy('opened_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit)
    .offset(filter.offset ?? 0)
    .execute()
  return rows.map((row) => decodeJson<StoredAlert>(row.alert))
}
