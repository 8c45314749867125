import { sql } from 'kysely'
import type { Storage, Tx } from '#platform/storage'
import type { Artifact, PointSums } from '../contract.ts'
import { inPieces, reading, type TrackingTables } from './tables.ts'

type Origin = TrackingTables['tracking_imports']
export type OriginKind = Origin['kind']

/** What came of these ids of a source, by id. */
export async function originsOf(
  from: Storage | Tx,
  source: string,
  kind: OriginKind,
  ids: readonly string[],
): Promise<Map<string, Origin>> {
  if (ids.length === 0) return new Map()
  const rows = await reading(from)
    .selectFrom('tracking_imports')
    .selectAll()
    .where('source', '=', source)
    .where('kind', '=', kind)
    .where('source_id', 'in', ids)
    .execute()
  return new Map(rows.map((row) => [row.source_id, row]))
}

export async function insertOrigin(tx: Tx, origin: Omit<Origin, 'mark'>): Promise<void> {
  await reading(tx)
    .insertInto('tracking_imports')
    .values({ ...origin, mark: null })
    .onConflict((c) => c.columns(['source', 'kind', 'source_id']).doUpdateSet({ id: origin.id }))
    .execute()
}

/** Whether any of the source's own brought this here. */
export async function cameFrom(tx: Tx, source: string, kind: OriginKind, id: string): Promise<boolean> {
  const row = await reading(tx)
    .selectFrom('tracking_imports')
    .select('source_id')
    .where('source', '=', source)
    .where('kind', '=', kind)
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}

export async function setMarks(
  tx: Tx,
  source: string,
  kind: OriginKind,
  marks: readonly { id: string; mark: string }[],
): Promise<void> {
  for (const { id, mark } of marks)
    await reading(tx)
      .updateTable('tracking_imports')
      .set({ mark })
      .where('source', '=', source)
      .where('kind', '=', kind)
      .where('source_id', '=', id)
      .execute()
}

/** A prime: sums of what is left after a division by it stay exact, and steps that differ rarely share it. */
export const MODULUS = 65_521

export async function pointSums(from: Storage | Tx, runs: readonly string[]): Promise<Map<string, PointSums>> {
  const sums = new Map<string, PointSums>()
  for (const piece of inPieces(runs, 1)) {
    const rows = await reading(from)
      .selectFrom('tracking_metrics')
      .select((e) => [
        'run',
        e.fn.countAll().as('points'),
        sql<number>`sum(step % ${sql.lit(MODULUS)})`.as('steps'),
        sql<number>`sum(at % ${sql.lit(MODULUS)})`.as('times'),
        e.fn.sum('is_nan').as('nans'),
        e.fn.min('value').as('least'),
        e.fn.max('value').as('most'),
      ])
      .where('run', 'in', piece)
      .groupBy('run')
      .execute()
    for (const { run, least, most, ...row } of rows) {
      const [points, steps, times, nans] = [row.points, row.steps, row.times, row.nans].map(Number)
      sums.set(run, { points: points!, steps: steps!, times: times!, nans: nans!, least, most })
    }
  }
  return sums
}

/** What the source says of a run that is here already. */
export async function followRun(
  tx: Tx,
  id: string,
  now: Pick<TrackingTables['tracking_runs'], 'name' | 'parent' | 'state' | 'ended_at' | 'deleted_at'>,
): Promise<void> {
  await reading(tx).updateTable('tracking_runs').set(now).where('id', '=', id).execute()
}

/** The keys of a run's params, so that only new ones are written. */
export async function paramKeys(tx: Tx, run: string): Promise<Set<string>> {
  const rows = await reading(tx).selectFrom('tracking_params').select('key').where('run', '=', run).execute()
  return new Set(rows.map((row) => row.key))
}

export async function runRows(from: Storage | Tx, ids: readonly string[]): Promise<TrackingTables['tracking_runs'][]> {
  if (ids.length === 0) return []
  return reading(from).selectFrom('tracking_runs').selectAll().where('id', 'in', ids).execute()
}

/** By owner. */
export async function artifactsOfMany(from: Storage | Tx, owners: readonly string[]): Promise<Map<string, Artifact[]>> {
  if (owners.length === 0) return new Map()
  const rows = await reading(from)
    .selectFrom('tracking_artifacts')
    .selectAll()
    .where('owner', 'in', owners)
    .orderBy('path')
    .execute()
  const files = new Map<string, Artifact[]>()
  for (const { owner, path, hash, size } of rows)
    files.set(owner, [...(files.get(owner) ?? []), { path, hash, size: Number(size) }])
  return files
}
