import type { Kysely } from 'kysely'
import type { EvaluationReport } from '#evaluation/contract'
import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Certification, Model, ModelVersion, VersionState } from './contract.ts'

/** Everything of a version that never changes after it is registered, apart from what is queried by. */
type Facts = Omit<
  ModelVersion,
  'model' | 'version' | 'project' | 'state' | 'createdAt' | 'pipelineRun' | 'run' | 'dataVersion' | 'certification'
>

interface RegistryTables {
  registry_models: { name: string; project: string; updated_at: number }
  registry_versions: {
    model: string
    version: number
    project: string
    state: VersionState
    created_at: number
    pipeline_run: string
    run: string
    data_version: string
    facts: string
    report: string
    baseline: string
    certification: string | null
  }
  registry_aliases: { model: string; alias: string; version: number }
}

export async function upsertModel(tx: Tx, name: string, project: string, at: number): Promise<void> {
  await tables<RegistryTables>(tx)
    .insertInto('registry_models')
    .values({ name, project, updated_at: at })
    .onConflict((c) => c.column('name').doUpdateSet({ updated_at: at }))
    .execute()
}

export async function insertVersion(
  tx: Tx,
  version: Omit<ModelVersion, 'version'>,
  report: EvaluationReport,
  baseline: unknown,
): Promise<number> {
  const db = tables<RegistryTables>(tx)
  const last = await db
    .selectFrom('registry_versions')
    .select((e) => e.fn.max('version').as('version'))
    .where('model', '=', version.model)
    .executeTakeFirst()
  const number = Number(last?.version ?? 0) + 1
  const { model, project, state, createdAt, pipelineRun, run, dataVersion, certification, ...facts } = version
  await db
    .insertInto('registry_versions')
    .values({
      model,
      version: number,
      project,
      state,
      created_at: createdAt,
      pipeline_run: pipelineRun,
      run,
      data_version: dataVersion,
      facts: encodeJson(facts satisfies Facts),
      report: encodeJson(report),
      baseline: encodeJson(baseline),
      certification: certification && encodeJson(certification),
    })
    .execute()
  return number
}

export async function versionOfPipelineRun(
  tx: Tx,
  pipelineRun: string,
): Promise<{ model: string; version: number } | undefined> {
  return tables<RegistryTables>(tx)
    .selectFrom('registry_versions')
    .select(['model', 'version'])
    .where('pipeline_run', '=', pipelineRun)
    .executeTakeFirst()
}

export async function setState(tx: Tx, model: string, version: number, state: VersionState): Promise<void> {
  await tables<RegistryTables>(tx)
    .updateTable('registry_versions')
    .set({ state })
    .where('model', '=', model)
    .where('version', '=', version)
    .execute()
}

export async function setCertification(tx: Tx, model: string, version: number, signed: Certification): Promise<void> {
  await tables<RegistryTables>(tx)
    .updateTable('registry_versions')
    .set({ state: 'certified', certification: encodeJson(signed) })
    .where('model', '=', model)
    .where('version', '=', version)
    .execute()
}

export async function setAlias(tx: Tx, model: string, alias: string, version: number | null): Promise<void> {
  const db = tables<RegistryTables>(tx)
  if (version === null) {
    await db.deleteFrom('registry_aliases').where('model', '=', model).where('alias', '=', alias).execute()
    return
  }
  await db
    .insertInto('registry_aliases')
    .values({ model, alias, version })
    .onConflict((c) => c.columns(['model', 'alias']).doUpdateSet({ version }))
    .execute()
}

export const versionIn = (tx: Tx, model: string, version: number) =>
  versionFrom(tables<RegistryTables>(tx), model, version)

export const versionOf = (storage: Storage, model: string, version: number) =>
  versionFrom(storage.reads<RegistryTables>(), model, version)

async function versionFrom(
  db: Kysely<RegistryTables>,
  model: string,
  version: number,
): Promise<ModelVersion | undefined> {
  const row = await db
    .selectFrom('registry_versions')
    .selectAll()
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function reportOf(
  storage: Storage,
  model: string,
  version: number,
): Promise<EvaluationReport | undefined> {
  const row = await storage
    .reads<RegistryTables>()
    .selectFrom('registry_versions')
    .select('report')
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && decodeJson<EvaluationReport>(row.report)
}

export async function baselineOf(storage: Storage, model: string, version: number): Promise<unknown> {
  const row = await storage
    .reads<RegistryTables>()
    .selectFrom('registry_versions')
    .select('baseline')
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  return row && decodeJson(row.baseline)
}

export async function listVersions(
  storage: Storage,
  model: string,
  page: { limit: number; offset: number },
): Promise<ModelVersion[]> {
  const rows = await storage
    .reads<RegistryTables>()
    .selectFrom('registry_versions')
    .selectAll()
    .where('model', '=', model)
    .orderBy('version', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(fromRow)
}

export async function listModels(storage: Storage, where: { project?: string; name?: string }): Promise<Model[]> {
  const db = storage.reads<RegistryTables>()
  let query = db.selectFrom('registry_models').selectAll()
  if (where.project) query = query.where('project', '=', where.project)
  if (where.name) query = query.where('name', '=', where.name)
  const models = await query.orderBy('name').execute()
  if (models.length === 0) return []
  const names = models.map((model) => model.name)
  const counts = await db
    .selectFrom('registry_versions')
    .select((e) => ['model', e.fn.countAll().as('versions')])
    .where('model', 'in', names)
    .groupBy('model')
    .execute()
  const aliases = await db.selectFrom('registry_aliases').selectAll().where('model', 'in', names).execute()
  return models.map((model) => ({
    name: model.name,
    project: model.project,
    updatedAt: Number(model.updated_at),
    versions: Number(counts.find((count) => count.model === model.name)?.versions ?? 0),
    aliases: Object.fromEntries(
      aliases.filter((alias) => alias.model === model.name).map((alias) => [alias.alias, alias.version]),
    ),
  }))
}

function fromRow(row: RegistryTables['registry_versions']): ModelVersion {
  return {
    ...decodeJson<Facts>(row.facts),
    model: row.model,
    version: row.version,
    project: row.project,
    state: row.state,
    createdAt: Number(row.created_at),
    pipelineRun: row.pipeline_run,
    run: row.run,
    dataVersion: row.data_version,
    certification: row.certification === null ? null : decodeJson<Certification>(row.certification),
  }
}
