import type { Kysely } from 'kysely'
import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Rollout, RolloutState } from './contract.ts'
import type { EndpointState } from './traffic.ts'

/** In the tables, the project of an endpoint outside of any is the empty text, which is no project's name. */
const OUTSIDE = ''

export interface StoredEndpoint {
  name: string
  project: string | null
  environment: string
  model: string
  state: EndpointState
  updatedAt: number
}

type Plan = Omit<Rollout, 'id' | 'endpoint' | 'project' | 'model' | 'version' | 'state' | 'createdAt' | 'finishedAt'>

interface DeploymentTables {
  deployments_endpoints: {
    name: string
    project: string
    environment: string
    model: string
    state: string
    updated_at: number
  }
  deployments_rollouts: {
    id: string
    endpoint: string
    project: string
    model: string
    version: number
    state: RolloutState
    plan: string
    created_at: number
    finished_at: number | null
  }
}

type Db = Kysely<DeploymentTables>

export async function saveEndpoint(tx: Tx, endpoint: StoredEndpoint): Promise<void> {
  const values = {
    project: endpoint.project ?? OUTSIDE,
    environment: endpoint.environment,
    model: endpoint.model,
    state: encodeJson(endpoint.state),
    updated_at: endpoint.updatedAt,
  }
  await tables<DeploymentTables>(tx)
    .insertInto('deployments_endpoints')
    .values({ name: endpoint.name, ...values })
    .onConflict((c) => c.column('name').doUpdateSet(values))
    .execute()
}

export const endpointIn = (tx: Tx, name: string) => endpointFrom(tables<DeploymentTables>(tx), name)

export const endpointOf = (storage: Storage, name: string) => endpointFrom(storage.reads<DeploymentTables>(), name)

async function endpointFrom(db: Db, name: string): Promise<StoredEndpoint | undefined> {
  const row = await db.selectFrom('deployments_endpoints').selectAll().where('name', '=', name).executeTakeFirst()
  return row && endpointFromRow(row)
}

export async function listEndpoints(storage: Storage, where: { project?: string }): Promise<StoredEndpoint[]> {
  let query = storage.reads<DeploymentTables>().selectFrom('deployments_endpoints').selectAll()
  if (where.project) query = query.where('project', '=', where.project)
  return (await query.orderBy('name').execute()).map(endpointFromRow)
}

export async function endpointsIn(tx: Tx, model: string): Promise<StoredEndpoint[]> {
  const rows = await tables<DeploymentTables>(tx)
    .selectFrom('deployments_endpoints')
    .selectAll()
    .where('model', '=', model)
    .orderBy('name')
    .execute()
  return rows.map(endpointFromRow)
}

export async function rolloutsIn(tx: Tx, model: string): Promise<Rollout[]> {
  const rows = await tables<DeploymentTables>(tx)
    .selectFrom('deployments_rollouts')
    .selectAll()
    .where('model', '=', model)
    .execute()
  return rows.map(fromRow)
}

/** Inserts a roll-out unless this version has one on this endpoint already. */
export async function insertRollout(tx: Tx, rollout: Rollout): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables<DeploymentTables>(tx)
    .insertInto('deployments_rollouts')
    .values(toRow(rollout))
    .onConflict((c) => c.columns(['endpoint', 'version']).doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

export async function updateRollout(tx: Tx, rollout: Rollout): Promise<void> {
  const { state, plan, finished_at } = toRow(rollout)
  await tables<DeploymentTables>(tx)
    .updateTable('deployments_rollouts')
    .set({ state, plan, finished_at })
    .where('id', '=', rollout.id)
    .execute()
}

export async function rolloutIn(tx: Tx, endpoint: string, version: number): Promise<Rollout | undefined> {
  const row = await tables<DeploymentTables>(tx)
    .selectFrom('deployments_rollouts')
    .selectAll()
    .where('endpoint', '=', endpoint)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && fromRow(row)
}

export const openRolloutIn = (tx: Tx, endpoint: string) => openRolloutFrom(tables<DeploymentTables>(tx), endpoint)

export const openRolloutOf = (storage: Storage, endpoint: string) =>
  openRolloutFrom(storage.reads<DeploymentTables>(), endpoint)

async function openRolloutFrom(db: Db, endpoint: string): Promise<Rollout | undefined> {
  const row = await db
    .selectFrom('deployments_rollouts')
    .selectAll()
    .where('endpoint', '=', endpoint)
    .where('finished_at', 'is', null)
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function listRollouts(
  storage: Storage,
  where: { endpoint?: string; model?: string; version?: number; project?: string; unfinished?: boolean },
  page: { limit: number; offset: number } = { limit: 500, offset: 0 },
): Promise<Rollout[]> {
  let query = storage.reads<DeploymentTables>().selectFrom('deployments_rollouts').selectAll()
  if (where.endpoint) query = query.where('endpoint', '=', where.endpoint)
  if (where.project) query = query.where('project', '=', where.project)
  if (where.model) query = query.where('model', '=', where.model)
  if (where.version !== undefined) query = query.where('version', '=', where.version)
  if (where.unfinished) query = query.where('finished_at', 'is', null)
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(fromRow)
}

function toRow(rollout: Rollout): DeploymentTables['deployments_rollouts'] {
  const { id, endpoint, project, model, version, state, createdAt, finishedAt, ...plan } = rollout
  return {
    id,
    endpoint,
    project: project ?? OUTSIDE,
    model,
    version,
    state,
    plan: encodeJson(plan satisfies Plan),
    created_at: createdAt,
    finished_at: finishedAt,
  }
}

function fromRow(row: DeploymentTables['deployments_rollouts']): Rollout {
  return {
    ...decodeJson<Plan>(row.plan),
    id: row.id,
    endpoint: row.endpoint,
    project: row.project || null,
    model: row.model,
    version: row.version,
    state: row.state,
    createdAt: Number(row.created_at),
    finishedAt: row.finished_at === null ? null : Number(row.finished_at),
  }
}

function endpointFromRow(row: DeploymentTables['deployments_endpoints']): StoredEndpoint {
  return {
    name: row.name,
    project: row.project || null,
    environment: row.environment,
    model: row.model,
    state: decodeJson<EndpointState>(row.state),
    updatedAt: Number(row.updated_at),
  }
}
