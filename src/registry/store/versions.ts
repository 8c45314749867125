import { sql } from 'kysely'
import type { EvaluationReport } from '#evaluation/contract'
import { decodeJson, encodeJson, type Storage, type Tx } from '#platform/storage'
import type { Certification, GateResult, ModelVersion, Stage, VersionState } from '../entities.contract.ts'
import { LARGEST_VERSION, type RegistryTables, reading } from './tables.ts'

type VersionRow = RegistryTables['registry_versions']

/** What is kept as one document: nothing is searched by it. */
type Facts = Pick<
  ModelVersion,
  | 'code'
  | 'environment'
  | 'cause'
  | 'signature'
  | 'package'
  | 'metrics'
  | 'comparison'
  | 'importance'
  | 'endpoint'
  | 'releaseRequests'
  | 'promisedLoss'
  | 'gates'
  | 'trainedUntil'
  | 'runLink'
>

export type NewVersion = Omit<ModelVersion, 'version' | 'aliases' | 'tags'>

/** What only an evaluated version has. */
export interface Evidence {
  report: EvaluationReport
  /** Distributions of the training data: what drift is measured against. */
  baseline: unknown
}

/**
 * The model's row must have been written in this transaction before: that makes those who register at once wait for each
 * other, where a database would let them read the same highest number.
 *
 * @param given its number, where another registry gave it one
 * @returns its number: one more than the highest that was ever given
 */
export async function insertVersion(
  tx: Tx,
  version: NewVersion,
  evidence: Evidence | null,
  given?: number,
): Promise<number> {
  const number = given ?? (await nextNumber(tx, version.model))
  await reading(tx)
    .insertInto('registry_versions')
    .values({
      model: version.model,
      version: number,
      project: version.project,
      state: version.state,
      stage: version.stage,
      description: version.description,
      registered_by: version.by,
      created_at: version.createdAt,
      updated_at: version.updatedAt,
      source: version.source,
      location: version.location,
      run: version.run,
      logged_model: version.loggedModel,
      pipeline_run: version.pipelineRun,
      data_version: version.dataVersion,
      facts: encodeJson(factsOf(version)),
      ...encoded(evidence),
      certification: version.certification && encodeJson(version.certification),
      deleted_at: null,
    })
    .execute()
  return number
}

/** Whether a version has or had this number. */
export async function isNumberGiven(tx: Tx, { model, version }: VersionKey): Promise<boolean> {
  const row = await reading(tx)
    .selectFrom('registry_versions')
    .select('version')
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  return row !== undefined
}

async function nextNumber(tx: Tx, model: string): Promise<number> {
  const last = await reading(tx)
    .selectFrom('registry_versions')
    .select((e) => e.fn.max('version').as('version'))
    .where('model', '=', model)
    .executeTakeFirst()
  return Number(last?.version ?? 0) + 1
}

/** A version that was registered without a package gets what it lacked. */
export async function savePackaged(tx: Tx, version: ModelVersion, evidence: Evidence | null): Promise<void> {
  await change(tx, version, {
    project: version.project,
    state: version.state,
    data_version: version.dataVersion,
    updated_at: version.updatedAt,
    facts: encodeJson(factsOf(version)),
    ...encoded(evidence),
  })
}

export type VersionKey = Pick<ModelVersion, 'model' | 'version'>

export async function saveVersion(
  tx: Tx,
  key: VersionKey,
  {
    certification,
    ...columns
  }: {
    state?: VersionState
    stage?: Stage
    description?: string
    certification?: Certification
    updated_at?: number
    deleted_at?: number
  },
): Promise<void> {
  await change(tx, key, { ...columns, ...(certification && { certification: encodeJson(certification) }) })
}

/** The verdicts of its gates, once those that waited for staging have spoken. */
export async function saveGates(tx: Tx, version: ModelVersion, gates: readonly GateResult[]): Promise<void> {
  await change(tx, version, { facts: encodeJson(factsOf({ ...version, gates: [...gates] })) })
}

async function change(tx: Tx, { model, version }: VersionKey, columns: Partial<VersionRow>): Promise<void> {
  if (Object.keys(columns).length === 0) return
  await reading(tx)
    .updateTable('registry_versions')
    .set(columns)
    .where('model', '=', model)
    .where('version', '=', version)
    .execute()
}

export async function changeVersionTags(
  tx: Tx,
  { model, version }: VersionKey,
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const db = reading(tx)
  for (const [key, value] of Object.entries(tags)) {
    if (value === null) {
      await db
        .deleteFrom('registry_version_tags')
        .where('model', '=', model)
        .where('version', '=', version)
        .where('key', '=', key)
        .execute()
      continue
    }
    await db
      .insertInto('registry_version_tags')
      .values({ model, version, key, value })
      .onConflict((c) => c.columns(['model', 'version', 'key']).doUpdateSet({ value }))
      .execute()
  }
}

export async function versionOfPipelineRun(tx: Tx, pipelineRun: string): Promise<VersionKey | undefined> {
  return reading(tx)
    .selectFrom('registry_versions')
    .select(['model', 'version'])
    .where('pipeline_run', '=', pipelineRun)
    .executeTakeFirst()
}

/** A version that came from one of these runs or logged models, with which of them it was. */
export async function versionFromAny(
  tx: Tx,
  column: 'run' | 'logged_model',
  ids: readonly string[],
): Promise<(VersionKey & { from: string }) | undefined> {
  if (ids.length === 0) return undefined
  const row = await reading(tx)
    .selectFrom('registry_versions')
    .select(['model', 'version', column])
    .where(column, 'in', ids)
    .where('deleted_at', 'is', null)
    .orderBy('model')
    .orderBy('version', 'desc')
    .executeTakeFirst()
  return row && { model: row.model, version: row.version, from: row[column]! }
}

/** Not deleted. */
export async function versionOf(from: Storage | Tx, model: string, version: number): Promise<ModelVersion | undefined> {
  if (!Number.isInteger(version) || Math.abs(version) > LARGEST_VERSION) return undefined
  const row = await reading(from)
    .selectFrom('registry_versions')
    .select(PLAIN)
    .where('model', '=', model)
    .where('version', '=', version)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return row && (await withDetails(from, [row]))[0]
}

export async function evidenceOf<Part extends keyof Evidence>(
  from: Storage | Tx,
  { model, version }: VersionKey,
  part: Part,
): Promise<Evidence[Part] | undefined> {
  const row = await reading(from)
    .selectFrom('registry_versions')
    .select(part)
    .where('model', '=', model)
    .where('version', '=', version)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  const text = row && (row as Record<string, string | null>)[part]
  return text == null ? undefined : decodeJson<Evidence[Part]>(text)
}

export async function listVersions(
  from: Storage | Tx,
  where: { model: string; stage?: Stage },
  page: { limit: number; offset: number },
): Promise<ModelVersion[]> {
  let query = reading(from)
    .selectFrom('registry_versions')
    .select(PLAIN)
    .where('model', '=', where.model)
    .where('deleted_at', 'is', null)
  if (where.stage) query = query.where('stage', '=', where.stage)
  const rows = await query.orderBy('version', 'desc').limit(page.limit).offset(page.offset).execute()
  return withDetails(from, rows)
}

/** The newest version of each of these models in each stage. */
export async function latestByStage(from: Storage | Tx, models: readonly string[]): Promise<ModelVersion[]> {
  if (models.length === 0) return []
  const rows = await reading(from)
    .selectFrom('registry_versions as v')
    .select(PLAIN.map((column) => `v.${column}` as const))
    .where('v.model', 'in', models)
    .where('v.deleted_at', 'is', null)
    .where('v.version', '=', (db) =>
      db
        .selectFrom('registry_versions as newest')
        .select(sql<number>`max(newest.version)`.as('version'))
        .whereRef('newest.model', '=', 'v.model')
        .whereRef('newest.stage', '=', 'v.stage')
        .where('newest.deleted_at', 'is', null),
    )
    .orderBy('v.model')
    .orderBy('v.version', 'desc')
    .execute()
  return withDetails(from, rows)
}

/** Without report and baseline, which are large and asked for by themselves. */
export const PLAIN = [
  'model',
  'version',
  'project',
  'state',
  'stage',
  'description',
  'registered_by',
  'created_at',
  'updated_at',
  'source',
  'location',
  'run',
  'logged_model',
  'pipeline_run',
  'data_version',
  'facts',
  'certification',
] as const

export type PlainRow = Pick<VersionRow, (typeof PLAIN)[number]>

/** The rows with their aliases and tags, in the order given. */
export async function withDetails(from: Storage | Tx, rows: readonly PlainRow[]): Promise<ModelVersion[]> {
  if (rows.length === 0) return []
  const db = reading(from)
  const models = [...new Set(rows.map((row) => row.model))]
  const numbers = [...new Set(rows.map((row) => row.version))]
  const [aliases, tags] = await Promise.all([
    db
      .selectFrom('registry_aliases')
      .selectAll()
      .where('model', 'in', models)
      .where('version', 'in', numbers)
      .orderBy('alias')
      .execute(),
    db
      .selectFrom('registry_version_tags')
      .selectAll()
      .where('model', 'in', models)
      .where('version', 'in', numbers)
      .orderBy('key')
      .execute(),
  ])
  const keyOf = ({ model, version }: VersionKey) => `${version} ${model}`
  const aliasesOf = Map.groupBy(aliases, keyOf)
  const tagsOf = Map.groupBy(tags, keyOf)
  return rows.map((row) => ({
    ...decodeJson<Facts>(row.facts),
    // Versions from before clients could register have no such fact.
    runLink: decodeJson<Partial<Facts>>(row.facts).runLink ?? null,
    model: row.model,
    version: row.version,
    project: row.project,
    state: row.state,
    stage: row.stage,
    description: row.description,
    by: row.registered_by,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    source: row.source,
    location: row.location,
    run: row.run,
    loggedModel: row.logged_model,
    pipelineRun: row.pipeline_run,
    dataVersion: row.data_version,
    certification: row.certification === null ? null : decodeJson<Certification>(row.certification),
    aliases: (aliasesOf.get(keyOf(row)) ?? []).map(({ alias }) => alias),
    tags: Object.fromEntries((tagsOf.get(keyOf(row)) ?? []).map(({ key, value }) => [key, value])),
  }))
}

function factsOf(version: Facts): Facts {
  const { code, environment, cause, signature, package: onnx, metrics, comparison, importance } = version
  const { endpoint, releaseRequests, promisedLoss, gates, trainedUntil, runLink } = version
  return {
    ...{ code, environment, cause, signature, package: onnx, metrics, comparison, importance },
    ...{ endpoint, releaseRequests, promisedLoss, gates, trainedUntil, runLink },
  }
}

const encoded = (evidence: Evidence | null) => ({
  report: evidence && encodeJson(evidence.report),
  baseline: evidence && encodeJson(evidence.baseline),
})
