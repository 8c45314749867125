import { type Storage, type Tx, tables } from '#platform/storage'

/** A schedule of a project and the system time up to which it has been kept. */
export interface KeptBatch {
  readonly project: string
  readonly name: string
  /** As cron. */
  readonly written: string
  readonly last: number
}

interface BatchTables {
  batch_schedules: KeptBatch
}

export async function allSchedules(storage: Storage): Promise<KeptBatch[]> {
  const rows = await storage.reads<BatchTables>().selectFrom('batch_schedules').selectAll().execute()
  return rows.map((row) => ({ ...row, last: Number(row.last) }))
}

/** Keeps exactly these schedules of a project; one that is new, or has another time, counts from `now` on. */
export async function replaceSchedules(
  tx: Tx,
  project: string,
  schedules: readonly { name: string; written: string }[],
  now: number,
): Promise<void> {
  const db = tables<BatchTables>(tx)
  const before = await db.selectFrom('batch_schedules').selectAll().where('project', '=', project).execute()
  await db.deleteFrom('batch_schedules').where('project', '=', project).execute()
  for (const { name, written } of schedules) {
    const same = before.find((old) => old.name === name && old.written === written)
    await db
      .insertInto('batch_schedules')
      .values({ project, name, written, last: same?.last ?? now })
      .execute()
  }
}

/** Moves a schedule on; false when another server has done so. */
export async function moveSchedule(tx: Tx, { project, name, last }: KeptBatch, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tables<BatchTables>(tx)
    .updateTable('batch_schedules')
    .set({ last: now })
    .where('project', '=', project)
    .where('name', '=', name)
    .where('last', '=', last)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}
