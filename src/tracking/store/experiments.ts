import { sql } from 'kysely'
import { openStatements, type Storage, type Tx } from '#platform/storage'
import { reading, type TrackingTables } from './tables.ts'

export interface Experiment {
  id: string
  name: string
  /** The project whose pipeline runs it holds. */
  project: string | null
  tags: Record<string, string>
  createdAt: number
  updatedAt: number
  deletedAt: number | null
}

export interface ExperimentFilter {
  id?: string | undefined
  name?: string | undefined
  /** Whether those in the bin are listed: not when absent. */
  bin?: 'with' | 'only' | undefined
  limit?: number | undefined
  offset?: number | undefined
}

export async function insertExperiment(tx: Tx, experiment: Experiment): Promise<void> {
  await reading(tx)
    .insertInto('tracking_experiments')
    .values({
      id: experiment.id,
      name: experiment.name,
      project: experiment.project,
      created_at: experiment.createdAt,
      updated_at: experiment.updatedAt,
      deleted_at: null,
    })
    .execute()
  await upsertExperimentTags(tx, experiment.id, Object.entries(experiment.tags))
}

/** Newest first. */
const statements = openStatements()

/** What a new run asks of its experiment. */
export async function experimentRow(
  tx: Tx,
  id: string,
): Promise<{ project: string | null; deleted_at: number | null } | undefined> {
  const { rows } = await statements.run<{ project: string | null; deleted_at: number | null }>(
    tx,
    'experiment',
    () => sql`select project, deleted_at from tracking_experiments where id = ${id}`,
    [id],
  )
  return rows[0]
}

export async function experimentsWhere(from: Storage | Tx, filter: ExperimentFilter): Promise<Experiment[]> {
  const db = reading(from)
  let query = db.selectFrom('tracking_experiments').selectAll()
  if (filter.id !== undefined) query = query.where('id', '=', filter.id)
  if (filter.name !== undefined) query = query.where('name', '=', filter.name)
  if (filter.bin === undefined) query = query.where('deleted_at', 'is', null)
  if (filter.bin === 'only') query = query.where('deleted_at', 'is not', null)
  if (filter.limit !== undefined) query = query.limit(filter.limit).offset(filter.offset ?? 0)
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute()
  if (rows.length === 0) return []
  const tags = await db
    .selectFrom('tracking_experiment_tags')
    .selectAll()
    .where(
      'experiment',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('key')
    .execute()
  const byExperiment = Map.groupBy(tags, (tag) => tag.experiment)
  return rows.map((row) => experimentFrom(row, byExperiment.get(row.id) ?? []))
}

export async function updateExperiment(
  tx: Tx,
  id: string,
  change: { name?: string; deletedAt?: number | null; updatedAt: number },
): Promise<void> {
  await reading(tx)
    .updateTable('tracking_experiments')
    .set({
      ...(change.name !== undefined && { name: change.name }),
      ...(change.deletedAt !== undefined && { deleted_at: change.deletedAt }),
      updated_at: change.updatedAt,
    })
    .where('id', '=', id)
    .execute()
}

export async function upsertExperimentTags(
  tx: Tx,
  experiment: string,
  tags: readonly (readonly [string, string])[],
): Promise<void> {
  for (const [key, value] of tags) {
    await reading(tx)
      .insertInto('tracking_experiment_tags')
      .values({ experiment, key, value })
      .onConflict((c) => c.columns(['experiment', 'key']).doUpdateSet({ value }))
      .execute()
  }
}

/** @returns whether there was such a tag */
export async function deleteExperimentTag(tx: Tx, experiment: string, key: string): Promise<boolean> {
  const { numDeletedRows } = await reading(tx)
    .deleteFrom('tracking_experiment_tags')
    .where('experiment', '=', experiment)
    .where('key', '=', key)
    .executeTakeFirst()
  return numDeletedRows > 0
}

export function experimentFrom(
  row: TrackingTables['tracking_experiments'],
  tags: readonly { key: string; value: string }[],
): Experiment {
  return {
    id: row.id,
    name: row.name,
    project: row.project,
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
    createdAt: Number(row.created_at),
    // What was made before changes were dated was last changed when it was made.
    updatedAt: Number(row.updated_at) || Number(row.created_at),
    deletedAt: row.deleted_at === null ? null : Number(row.deleted_at),
  }
}
