import { decodeJson, encodeJson, type Storage, type Tx } from '#platform/storage'
import type { LoggedModelStatus } from '../contract.ts'
import { reading, type TrackingTables } from './tables.ts'

/** A model as a training script left it: files with a name, before anybody registered it. */
export interface LoggedModel {
  id: string
  experiment: string
  /** The run that made it; null where none was under way. */
  run: string | null
  name: string
  type: string
  status: LoggedModelStatus
  params: Record<string, string>
  tags: Record<string, string>
  createdAt: number
  updatedAt: number
  deletedAt: number | null
}

export interface LoggedModelFilter {
  experiments?: readonly string[] | undefined
  name?: string | undefined
  run?: string | undefined
  limit?: number | undefined
  offset?: number | undefined
}

export async function insertLoggedModel(tx: Tx, model: LoggedModel): Promise<void> {
  await reading(tx).insertInto('tracking_logged_models').values(toRow(model)).execute()
}

export async function replaceLoggedModel(tx: Tx, model: LoggedModel): Promise<void> {
  await reading(tx).updateTable('tracking_logged_models').set(toRow(model)).where('id', '=', model.id).execute()
}

export async function loggedModelById(from: Storage | Tx, id: string): Promise<LoggedModel | undefined> {
  const row = await reading(from)
    .selectFrom('tracking_logged_models')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Newest first, without those in the bin. */
export async function loggedModelsWhere(storage: Storage, filter: LoggedModelFilter): Promise<LoggedModel[]> {
  const { experiments, name, run } = filter
  if (experiments?.length === 0) return []
  let query = reading(storage).selectFrom('tracking_logged_models').selectAll().where('deleted_at', 'is', null)
  if (experiments) query = query.where('experiment', 'in', experiments)
  if (name !== undefined) query = query.where('name', '=', name)
  if (run !== undefined) query = query.where('run', '=', run)
  if (filter.limit !== undefined) query = query.limit(filter.limit).offset(filter.offset ?? 0)
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute()
  return rows.map(fromRow)
}

function toRow(model: LoggedModel): TrackingTables['tracking_logged_models'] {
  const { id, experiment, run, name, type, status } = model
  return {
    ...{ id, experiment, run, name, type, status },
    params: encodeJson(model.params),
    tags: encodeJson(model.tags),
    created_at: model.createdAt,
    updated_at: model.updatedAt,
    deleted_at: model.deletedAt,
  }
}

function fromRow(row: TrackingTables['tracking_logged_models']): LoggedModel {
  const { id, experiment, run, name, type, status } = row
  return {
    ...{ id, experiment, run, name, type, status },
    params: decodeJson(row.params),
    tags: decodeJson(row.tags),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    deletedAt: row.deleted_at === null ? null : Number(row.deleted_at),
  }
}
