import type { Storage, Tx } from '#platform/storage'
import type { Model } from '../entities.contract.ts'
import { type RegistryTables, reading } from './tables.ts'

/** MLflow keeps its prompts as models with this tag; who does not ask for them does not mean them. */
export const PROMPT_TAG = 'mlflow.prompt.is_prompt'

type ModelRow = RegistryTables['registry_models']

/** @returns false where there is a model of this name already */
export async function insertModel(tx: Tx, model: ModelRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await reading(tx)
    .insertInto('registry_models')
    .values(model)
    .onConflict((c) => c.column('name').doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

export async function modelRow(from: Storage | Tx, name: string): Promise<ModelRow | undefined> {
  return reading(from).selectFrom('registry_models').selectAll().where('name', '=', name).executeTakeFirst()
}

export async function updateModel(
  tx: Tx,
  name: string,
  change: { name?: string; description?: string; project?: string; updated_at: number },
): Promise<void> {
  await reading(tx).updateTable('registry_models').set(change).where('name', '=', name).execute()
}

/** With its versions, aliases, tags and history. */
export async function deleteModel(tx: Tx, name: string): Promise<void> {
  await reading(tx).deleteFrom('registry_models').where('name', '=', name).execute()
}

export async function changeModelTags(
  tx: Tx,
  model: string,
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const db = reading(tx)
  for (const [key, value] of Object.entries(tags)) {
    if (value === null) {
      await db.deleteFrom('registry_model_tags').where('model', '=', model).where('key', '=', key).execute()
      continue
    }
    await db
      .insertInto('registry_model_tags')
      .values({ model, key, value })
      .onConflict((c) => c.columns(['model', 'key']).doUpdateSet({ value }))
      .execute()
  }
}

export async function listModels(
  from: Storage | Tx,
  where: { project?: string; names?: readonly string[]; withoutPrompts?: boolean },
): Promise<Model[]> {
  let query = reading(from).selectFrom('registry_models').selectAll()
  if (where.project === 'none') query = query.where('project', 'is', null)
  else if (where.project) query = query.where('project', '=', where.project)
  if (where.names) query = query.where('name', 'in', where.names)
  if (where.withoutPrompts)
    query = query.where('name', 'not in', (db) =>
      db.selectFrom('registry_model_tags').select('model').where('key', '=', PROMPT_TAG).where('value', '=', 'true'),
    )
  return withDetails(from, await query.orderBy('name').execute())
}

/** The rows with their counts, aliases and tags, in the order given. */
export async function withDetails(from: Storage | Tx, rows: readonly ModelRow[]): Promise<Model[]> {
  if (rows.length === 0) return []
  const names = rows.map((row) => row.name)
  const db = reading(from)
  const [counts, aliases, tags] = await Promise.all([
    db
      .selectFrom('registry_versions')
      .select((e) => ['model', e.fn.countAll().as('versions')])
      .where('model', 'in', names)
      .where('deleted_at', 'is', null)
      .groupBy('model')
      .execute(),
    db.selectFrom('registry_aliases').selectAll().where('model', 'in', names).orderBy('alias').execute(),
    db.selectFrom('registry_model_tags').selectAll().where('model', 'in', names).orderBy('key').execute(),
  ])
  const countOf = new Map(counts.map(({ model, versions }) => [model, Number(versions)]))
  const aliasesOf = Map.groupBy(aliases, (alias) => alias.model)
  const tagsOf = Map.groupBy(tags, (tag) => tag.model)
  return rows.map((row) => ({
    name: row.name,
    project: row.project,
    description: row.description,
    tags: Object.fromEntries((tagsOf.get(row.name) ?? []).map(({ key, value }) => [key, value])),
    versions: countOf.get(row.name) ?? 0,
    aliases: Object.fromEntries((aliasesOf.get(row.name) ?? []).map(({ alias, version }) => [alias, version])),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  }))
}
