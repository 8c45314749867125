import type { Kysely } from 'kysely'
import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Rollout, RolloutEntry, RolloutLook, RolloutState, RolloutStep } from './contract.ts'
import { EMPTY, type EndpointState } from './traffic.ts'

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

type Kept = Omit<Rollout, 'id' | 'endpoint' | 'project' | 'model' | 'version' | 'state' | 'createdAt' | 'finishedAt'>

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
  deployments_looks: {
    rollout: string
    at: number
    event_time: number | null
    state: string
    share: number
    note: string
    evidence: string
  }
}

type Db = Kysely<DeploymentTables>

/** Roll-outs as they were kept while there was only the canary. */
interface OnlyCanary {
  steps: number[]
  holdMs: number
  history: Omit<RolloutEntry, 'by' | 'evidence'>[]
}

function upgraded(kept: Kept | (Omit<Kept, keyof OnlyCanary> & OnlyCanary)): Kept {
  if (!('holdMs' in kept)) return kept
  const { steps, holdMs, history, ...rest } = kept
  const last = history.at(-1)
  return {
    ...rest,
    ...{ strategy: 'canary', experiment: null, waits: false, paused: null, pausedMs: 0 },
    steps: steps
      .filter((share) => share < 1)
      .map((share): RolloutStep => ({ kind: 'canary', share, hold: { eventMs: holdMs, clockMs: 0, requests: 0 } })),
    began: last ? { at: last.at, eventTime: last.eventTime, requests: null } : null,
    history: history.map((entry) => ({ ...entry, by: null, evidence: null })),
  }
}

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

export async function rolloutById(storage: Storage, id: string): Promise<Rollout | undefined> {
  const row = await storage
    .reads<DeploymentTables>()
    .selectFrom('deployments_rollouts')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Every roll-out that is under way on an endpoint, newest first. */
export async function openRolloutsIn(tx: Tx, endpoint: string): Promise<Rollout[]> {
  const rows = await tables<DeploymentTables>(tx)
    .selectFrom('deployments_rollouts')
    .selectAll()
    .where('endpoint', '=', endpoint)
    .where('finished_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
  return rows.map(fromRow)
}

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

/** Looks that are kept of one roll-out; of more, every second one goes. */
const MOST_LOOKS = 400

export async function insertLook(tx: Tx, rollout: string, look: RolloutLook): Promise<void> {
  const db = tables<DeploymentTables>(tx)
  const { at, eventTime, evidence, ...rest } = look
  const values = { event_time: eventTime, evidence: encodeJson(evidence), ...rest }
  await db
    .insertInto('deployments_looks')
    .values({ rollout, at, ...values })
    .onConflict((c) => c.columns(['rollout', 'at']).doUpdateSet(values))
    .execute()
  const kept = await db
    .selectFrom('deployments_looks')
    .select('at')
    .where('rollout', '=', rollout)
    .orderBy('at')
    .execute()
  if (kept.length <= MOST_LOOKS) return
  const going = kept.filter((_, i) => i % 2 === 1 && i < kept.length - 1).map(({ at }) => at)
  await db.deleteFrom('deployments_looks').where('rollout', '=', rollout).where('at', 'in', going).execute()
}

export async function looksOf(storage: Storage, rollout: string): Promise<RolloutLook[]> {
  const rows = await storage
    .reads<DeploymentTables>()
    .selectFrom('deployments_looks')
    .selectAll()
    .where('rollout', '=', rollout)
    .orderBy('at')
    .execute()
  return rows.map(({ at, event_time, state, share, note, evidence }) => ({
    at: Number(at),
    eventTime: event_time === null ? null : Number(event_time),
    state,
    share,
    note,
    evidence: decodeJson<RolloutLook['evidence']>(evidence),
  }))
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
    plan: encodeJson(plan satisfies Kept),
    created_at: createdAt,
    finished_at: finishedAt,
  }
}

function fromRow(row: DeploymentTables['deployments_rollouts']): Rollout {
  return {
    ...upgraded(decodeJson<Kept>(row.plan)),
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
    // What was stored before there was a shadow has none.
    state: { ...EMPTY, ...decodeJson<Partial<EndpointState>>(row.state) },
    updatedAt: Number(row.updated_at),
  }
}
