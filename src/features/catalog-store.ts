import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import { type Definition, isComputed, type OnDemandDefinition, type ViewDefinition } from './definition.ts'

interface CatalogTables {
  features_versions: {
    id: number
    project: string
    view: string
    number: number
    content: string
    definition: string
    created_at: number
  }
  features_views: { project: string; view: string; applied: number; definition: string; serving: number | null }
}

interface Applied {
  project: string
  /** The version's id: what values of it are kept under. */
  id: number
  number: number
  content: string
  since: number
}

/** A view as its project's file has it now. */
export interface AppliedView extends Applied {
  definition: ViewDefinition
  /** The version that answers online, when one was materialized. */
  serving: { id: number; number: number; definition: ViewDefinition } | null
}

/** A view that is computed on demand, as its project's file has it now. */
export interface AppliedOnDemand extends Applied {
  definition: OnDemandDefinition
}

export interface AppliedViews {
  readonly stored: readonly AppliedView[]
  readonly onDemand: readonly AppliedOnDemand[]
}

/** The id of the version with this content, which is the next one when there is none. */
export async function ensureVersion(
  tx: Tx,
  version: { project: string; definition: Definition; content: string; at: number },
): Promise<number> {
  const { project, definition, content, at } = version
  const db = tables<CatalogTables>(tx)
  const of = db.selectFrom('features_versions').where('project', '=', project).where('view', '=', definition.name)
  const found = await of.select('id').where('content', '=', content).executeTakeFirst()
  if (found) return Number(found.id)
  const last = await of.select((e) => e.fn.max('number').as('number')).executeTakeFirst()
  const { id } = await db
    .insertInto('features_versions')
    .values({
      ...{ project, view: definition.name, number: Number(last?.number ?? 0) + 1, content, created_at: at },
      definition: encodeJson(definition),
    } as never)
    .returning('id')
    .executeTakeFirstOrThrow()
  return Number(id)
}

export async function saveView(
  tx: Tx,
  view: { project: string; applied: number; definition: Definition },
): Promise<void> {
  const values = { applied: view.applied, definition: encodeJson(view.definition) }
  await tables<CatalogTables>(tx)
    .insertInto('features_views')
    .values({ project: view.project, view: view.definition.name, ...values })
    .onConflict((c) => c.columns(['project', 'view']).doUpdateSet(values))
    .execute()
}

/**
 * Takes the views off the catalog that a project's file no longer has; their versions stay, for what was made of them.
 * Their rows online go when the keeper looks.
 */
export async function dropOtherViews(tx: Tx, project: string, kept: readonly string[]): Promise<void> {
  const db = tables<CatalogTables>(tx)
  // Nothing has an empty name: a list must not be empty.
  const views = ['', ...kept]
  await db.deleteFrom('features_views').where('project', '=', project).where('view', 'not in', views).execute()
}

/** By name; of one project, or of all. */
export async function appliedViews(storage: Storage, project?: string): Promise<AppliedViews> {
  let query = storage
    .reads<CatalogTables>()
    .selectFrom('features_views')
    .innerJoin('features_versions', 'features_versions.id', 'features_views.applied')
    .leftJoin('features_versions as served', 'served.id', 'features_views.serving')
    .select([
      'features_views.project',
      'features_views.definition',
      'features_versions.id',
      'features_versions.number',
      'features_versions.content',
      'features_versions.created_at',
      'served.id as served_id',
      'served.number as served_number',
      'served.definition as served_definition',
    ])
  if (project !== undefined) query = query.where('features_views.project', '=', project)
  const rows = await query.orderBy('features_views.project').orderBy('features_views.view').execute()
  const stored: AppliedView[] = []
  const onDemand: AppliedOnDemand[] = []
  for (const row of rows) {
    const applied: Applied = {
      project: row.project,
      id: Number(row.id),
      number: row.number,
      content: row.content,
      since: Number(row.created_at),
    }
    const definition = decodeJson<Definition>(row.definition)
    if (isComputed(definition)) onDemand.push({ ...applied, definition })
    else stored.push({ ...applied, definition, serving: servingOf(row) })
  }
  return { stored, onDemand }
}

function servingOf(row: {
  served_id: number | null
  served_number: number | null
  served_definition: string | null
}): AppliedView['serving'] {
  if (row.served_id === null) return null
  const definition = decodeJson<Definition>(row.served_definition!)
  // What was stored once and is computed since answers no more, and the other way round.
  return isComputed(definition) ? null : { id: Number(row.served_id), number: row.served_number!, definition }
}

/** Newest first. */
export async function versionsOf(storage: Storage, project: string, view: string) {
  const rows = await storage
    .reads<CatalogTables>()
    .selectFrom('features_versions')
    .select(['id', 'number', 'content', 'created_at'])
    .where('project', '=', project)
    .where('view', '=', view)
    .orderBy('number', 'desc')
    .execute()
  return rows.map(({ id, number, content, created_at }) => ({
    id,
    version: number,
    content,
    since: Number(created_at),
  }))
}
