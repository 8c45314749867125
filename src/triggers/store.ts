import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Firing } from './contract.ts'
import type { ScheduleRule } from './rules.ts'

interface TriggerTables {
  triggers_firings: {
    id: string
    project: string
    endpoint: string
    rule: number
    written: string
    at: number
    event_time: number | null
    cause: string
    pipeline_run: string
    run_name: string
    joined: number
  }
  triggers_schedules: { project: string; endpoint: string; written: string; rule: number; last: number }
}

/** A schedule of a project and the system time up to which it has been kept. */
export type KeptSchedule = TriggerTables['triggers_schedules']

export async function insertFiring(tx: Tx, firing: Firing): Promise<void> {
  const { eventTime, pipelineRun, runName, joined, cause, ...rest } = firing
  await tables<TriggerTables>(tx)
    .insertInto('triggers_firings')
    .values({
      ...rest,
      cause: encodeJson(cause),
      event_time: eventTime,
      pipeline_run: pipelineRun,
      run_name: runName,
      joined: joined ? 1 : 0,
    })
    .execute()
}

/** The event time at which any condition of an endpoint fired last. */
export async function lastFiringIn(tx: Tx, project: string, endpoint: string): Promise<number | undefined> {
  const row = await tables<TriggerTables>(tx)
    .selectFrom('triggers_firings')
    .select((e) => e.fn.max('event_time').as('last'))
    .where('project', '=', project)
    .where('endpoint', '=', endpoint)
    .executeTakeFirst()
  return row?.last == null ? undefined : Number(row.last)
}

/** Newest first. */
export async function listFirings(
  storage: Storage,
  project: string,
  page: { limit: number; offset: number },
): Promise<Firing[]> {
  const rows = await storage
    .reads<TriggerTables>()
    .selectFrom('triggers_firings')
    .selectAll()
    .where('project', '=', project)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    endpoint: row.endpoint,
    rule: Number(row.rule),
    written: row.written,
    at: Number(row.at),
    eventTime: row.event_time === null ? null : Number(row.event_time),
    cause: decodeJson<Firing['cause']>(row.cause),
    pipelineRun: row.pipeline_run,
    runName: row.run_name,
    joined: Number(row.joined) === 1,
  }))
}

/** Runs that were started by a rule. */
export async function countStarted(storage: Storage, project: string): Promise<number> {
  const row = await storage
    .reads<TriggerTables>()
    .selectFrom('triggers_firings')
    .select((e) => e.fn.countAll().as('started'))
    .where('project', '=', project)
    .where('joined', '=', 0)
    .executeTakeFirst()
  return Number(row?.started ?? 0)
}

export async function allSchedules(storage: Storage): Promise<KeptSchedule[]> {
  const rows = await storage.reads<TriggerTables>().selectFrom('triggers_schedules').selectAll().execute()
  return rows.map((row) => ({ ...row, rule: Number(row.rule), last: Number(row.last) }))
}

/** Keeps exactly these schedules of a project; one that is new counts from `now` on. */
export async function replaceSchedules(
  tx: Tx,
  project: string,
  schedules: readonly ScheduleRule[],
  now: number,
): Promise<void> {
  const db = tables<TriggerTables>(tx)
  const before = await db.selectFrom('triggers_schedules').selectAll().where('project', '=', project).execute()
  const isSame = (a: { endpoint: string; written: string }, b: { endpoint: string; written: string }) =>
    a.endpoint === b.endpoint && a.written === b.written
  for (const old of before)
    if (!schedules.some((schedule) => isSame(schedule, old)))
      await db
        .deleteFrom('triggers_schedules')
        .where('project', '=', project)
        .where('endpoint', '=', old.endpoint)
        .where('written', '=', old.written)
        .execute()
  for (const { endpoint, written, place } of schedules)
    await db
      .insertInto('triggers_schedules')
      .values({ project, endpoint, written, rule: place, last: now })
      .onConflict((c) => c.columns(['project', 'endpoint', 'written']).doUpdateSet({ rule: place }))
      .execute()
}

/** Moves a schedule on; false when another server has done so. */
export async function moveSchedule(tx: Tx, schedule: KeptSchedule, last: number): Promise<boolean> {
  const { numUpdatedRows } = await tables<TriggerTables>(tx)
    .updateTable('triggers_schedules')
    .set({ last })
    .where('project', '=', schedule.project)
    .where('endpoint', '=', schedule.endpoint)
    .where('written', '=', schedule.written)
    .where('last', '=', schedule.last)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}
