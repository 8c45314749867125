import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Storage } from '#platform/storage'
import type { Model, ModelVersion } from '../entities.contract.ts'
import * as models from './models.ts'
import { PROMPT_TAG } from './models.ts'
import { LARGEST_VERSION, reading } from './tables.ts'
import * as versions from './versions.ts'

type Test =
  | { is: '=' | '!=' | '<' | '<=' | '>' | '>='; value: string | number }
  | { is: 'like' | 'ilike'; value: string }
  | { is: 'in' | 'not in'; value: readonly string[] }

export type ModelCondition = ({ on: 'attribute'; key: keyof typeof MODEL_COLUMNS } | { on: 'tag'; key: string }) & Test
export type VersionCondition = (
  | { on: 'attribute'; key: keyof typeof VERSION_COLUMNS }
  | { on: 'tag'; key: string }
  /** One of its aliases; there is no key. */
  | { on: 'alias'; key: '' }
) &
  Test

export interface SearchOf<Condition extends ModelCondition | VersionCondition, Column> {
  /** All of them must hold. */
  where: readonly Condition[]
  orderBy: readonly { key: Column; direction: 'asc' | 'desc' }[]
  limit: number
  offset: number
}
export type ModelSearch = SearchOf<ModelCondition, keyof typeof MODEL_COLUMNS>
export type VersionSearch = SearchOf<VersionCondition, keyof typeof VERSION_COLUMNS>

const MODEL_COLUMNS = { name: 'm.name', createdAt: 'm.created_at', updatedAt: 'm.updated_at' } as const
const VERSION_COLUMNS = {
  name: 'v.model',
  version: 'v.version',
  run: 'v.run',
  source: 'v.source',
  createdAt: 'v.created_at',
  updatedAt: 'v.updated_at',
} as const

/** Details are read for so many rows at once. */
const PIECE = 5_000

export async function searchModels(storage: Storage, search: ModelSearch): Promise<Model[]> {
  let query = reading(storage).selectFrom('registry_models as m').selectAll('m')
  const tags = (meets: RawBuilder<SqlBool>) =>
    sql<SqlBool>`exists (select 1 from registry_model_tags t where t.model = m.name and ${meets})`
  for (const condition of search.where) query = query.where(holds(storage, condition, MODEL_COLUMNS, tags))
  if (!asksForPrompts(search.where)) query = query.where(sql<SqlBool>`not ${tags(IS_PROMPT)}`)
  for (const { key, direction } of search.orderBy) query = query.orderBy(MODEL_COLUMNS[key], direction)
  const rows = await query.orderBy('m.name').limit(search.limit).offset(search.offset).execute()
  return models.withDetails(storage, rows)
}

export async function searchVersions(storage: Storage, search: VersionSearch): Promise<ModelVersion[]> {
  let query = reading(storage)
    .selectFrom('registry_versions as v')
    .select(versions.PLAIN.map((column) => `v.${column}` as const))
    .where('v.deleted_at', 'is', null)
  const tags = (meets: RawBuilder<SqlBool>) =>
    sql<SqlBool>`exists (select 1 from registry_version_tags t where t.model = v.model and t.version = v.version and ${meets})`
  for (const condition of search.where) query = query.where(holds(storage, condition, VERSION_COLUMNS, tags))
  if (!asksForPrompts(search.where))
    query = query.where(
      sql<SqlBool>`not exists (select 1 from registry_model_tags t where t.model = v.model and ${IS_PROMPT})`,
    )
  for (const { key, direction } of search.orderBy) query = query.orderBy(VERSION_COLUMNS[key], direction)
  const rows = await query
    .orderBy('v.model')
    .orderBy('v.version', 'desc')
    .limit(search.limit)
    .offset(search.offset)
    .execute()
  const found: ModelVersion[] = []
  for (let at = 0; at < rows.length; at += PIECE)
    found.push(...(await versions.withDetails(storage, rows.slice(at, at + PIECE))))
  return found
}

const IS_PROMPT = sql<SqlBool>`t.key = ${PROMPT_TAG} and t.value = 'true'`

const asksForPrompts = (where: readonly (ModelCondition | VersionCondition)[]) =>
  where.some(
    ({ on, key, is, value }) =>
      on === 'tag' && key === PROMPT_TAG && ((is === '=' && value === 'true') || (is === '!=' && value === 'false')),
  )

/** Something without the tag meets no condition on its value, `!=` included; apart from what every model is: no prompt. */
function holds(
  { capabilities }: Storage,
  condition: ModelCondition | VersionCondition,
  columns: Readonly<Record<string, string>>,
  tags: (meets: RawBuilder<SqlBool>) => RawBuilder<SqlBool>,
): RawBuilder<SqlBool> {
  const compare = (value: RawBuilder<unknown>): RawBuilder<SqlBool> => {
    switch (condition.is) {
      case 'like':
      case 'ilike':
        return capabilities.like(value, condition.value, { ignoreCase: condition.is === 'ilike' })
      case 'in':
      case 'not in':
        if (condition.value.length === 0) return condition.is === 'in' ? sql`1 = 0` : sql`1 = 1`
        return sql`${value} ${sql.raw(condition.is)} (${sql.join(condition.value)})`
      default:
        return sql`${value} ${sql.raw(condition.is)} ${inRange(condition.value)}`
    }
  }
  if (condition.on === 'attribute') return compare(sql.ref(columns[condition.key]!))
  if (condition.on === 'alias')
    return sql`exists (select 1 from registry_aliases a where a.model = v.model and a.version = v.version and ${compare(sql.ref('a.alias'))})`
  if (condition.key === PROMPT_TAG && !asksForPrompts([condition])) return sql`1 = 1`
  return tags(sql<SqlBool>`t.key = ${condition.key} and ${compare(sql.ref('t.value'))}`)
}

/** Numbers of versions are 32 bits wide; PostgreSQL refuses to compare them with larger ones. */
const inRange = (value: string | number) =>
  typeof value === 'number' ? Math.max(-LARGEST_VERSION, Math.min(LARGEST_VERSION, value)) : value
