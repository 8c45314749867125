import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { FeatureStatistics, SkewMeasure } from './contract.ts'
import type { OnlineRow } from './online-store.ts'

/** What a materialization found before it wrote anything. */
export interface MaterializationFacts {
  /** Hash of the latest row of each entity, as Parquet. */
  snapshot: string
  /** The data versions it was computed from, by data set. */
  tables: Record<string, string>
  changed: number
  entities: number
  /** µs. */
  youngest: number | null
  /** When a row that was dated ahead begins to hold, µs. */
  next: number | null
  statistics: FeatureStatistics[]
  sample: OnlineRow[]
}

export interface Materialization {
  id: string
  project: string
  view: string
  /** The version's id. */
  version: number
  startedAt: number
  finishedAt: number | null
  /** Lines of the changes that are in the online store. */
  written: number
  facts: MaterializationFacts | null
}

interface MaterializationTables {
  features_materializations: {
    id: string
    project: string
    view: string
    version: number
    started_at: number
    finished_at: number | null
    written: number
    facts: string
  }
  features_skew: { project: string; view: string; measured_at: number; measure: string }
  features_views: { project: string; view: string; applied: number; serving: number | null }
}

export async function insertMaterialization(
  tx: Tx,
  one: Pick<Materialization, 'id' | 'project' | 'view' | 'version' | 'startedAt' | 'facts'>,
): Promise<void> {
  const { id, project, view, version, startedAt, facts } = one
  await tables<MaterializationTables>(tx)
    .insertInto('features_materializations')
    .values({
      ...{ id, project, view, version, started_at: startedAt, finished_at: null, written: 0 },
      facts: encodeJson(facts),
    })
    .onConflict((c) => c.column('id').doNothing())
    .execute()
}

export async function updateMaterialization(
  tx: Tx,
  id: string,
  change: Partial<Pick<Materialization, 'written' | 'finishedAt'>>,
): Promise<void> {
  await tables<MaterializationTables>(tx)
    .updateTable('features_materializations')
    .set({
      ...(change.written !== undefined && { written: change.written }),
      ...(change.finishedAt !== undefined && { finished_at: change.finishedAt }),
    })
    .where('id', '=', id)
    .execute()
}

/** Forgets those that started before `before`. */
export async function forgetMaterializations(tx: Tx, project: string, view: string, before: number): Promise<void> {
  await tables<MaterializationTables>(tx)
    .deleteFrom('features_materializations')
    .where('project', '=', project)
    .where('view', '=', view)
    .where('started_at', '<', before)
    .execute()
}

export async function materializationById(storage: Storage, id: string): Promise<Materialization | undefined> {
  const row = await materializations(storage).where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

/** The last of a view that came to a good end; of one version of it, when that is given. */
export async function lastMaterialization(
  storage: Storage,
  project: string,
  view: string,
  version?: number,
): Promise<Materialization | undefined> {
  let query = ofView(storage, project, view).where('finished_at', 'is not', null)
  if (version !== undefined) query = query.where('version', '=', version)
  const row = await query.orderBy('finished_at', 'desc').limit(1).executeTakeFirst()
  return row && fromRow(row)
}

/** Newest first. */
export async function materializationsOf(
  storage: Storage,
  project: string,
  view: string,
  limit: number,
): Promise<Materialization[]> {
  const rows = await ofView(storage, project, view).orderBy('started_at', 'desc').limit(limit).execute()
  return rows.map(fromRow)
}

const ofView = (storage: Storage, project: string, view: string) =>
  materializations(storage).where('project', '=', project).where('view', '=', view)

const materializations = (storage: Storage) =>
  storage.reads<MaterializationTables>().selectFrom('features_materializations').selectAll()

function fromRow(row: MaterializationTables['features_materializations']): Materialization {
  return {
    id: row.id,
    project: row.project,
    view: row.view,
    version: row.version,
    startedAt: Number(row.started_at),
    finishedAt: row.finished_at === null ? null : Number(row.finished_at),
    written: Number(row.written),
    facts: decodeJson(row.facts),
  }
}

/** The version that answers online is now this one, if it is still the one that the project's file means. */
export async function serveVersion(
  tx: Tx,
  { project, view, version }: { project: string; view: string; version: number },
): Promise<{ before: number | null } | undefined> {
  const db = tables<MaterializationTables>(tx)
  const found = await db
    .selectFrom('features_views')
    .select(['applied', 'serving'])
    .where('project', '=', project)
    .where('view', '=', view)
    .executeTakeFirst()
  if (found?.applied !== version) return undefined
  await db
    .updateTable('features_views')
    .set({ serving: version })
    .where('project', '=', project)
    .where('view', '=', view)
    .execute()
  return { before: found.serving }
}

/** Lets a view answer with nothing until it was materialized as a whole again. */
export async function unserveVersion(tx: Tx, { project, view }: { project: string; view: string }): Promise<void> {
  await tables<MaterializationTables>(tx)
    .updateTable('features_views')
    .set({ serving: null })
    .where('project', '=', project)
    .where('view', '=', view)
    .execute()
}

export async function saveSkew(tx: Tx, project: string, view: string, measure: SkewMeasure): Promise<void> {
  const values = { measured_at: measure.measuredAt, measure: encodeJson(measure) }
  await tables<MaterializationTables>(tx)
    .insertInto('features_skew')
    .values({ project, view, ...values })
    .onConflict((c) => c.columns(['project', 'view']).doUpdateSet(values))
    .execute()
}

export async function skewOf(storage: Storage, project: string, view: string): Promise<SkewMeasure | undefined> {
  const row = await storage
    .reads<MaterializationTables>()
    .selectFrom('features_skew')
    .select('measure')
    .where('project', '=', project)
    .where('view', '=', view)
    .executeTakeFirst()
  return row && decodeJson(row.measure)
}
