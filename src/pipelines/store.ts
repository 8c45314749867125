import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { CandidateRecord } from './candidate.ts'

/** How far a dataset version has taken in the prediction log. */
export interface DataCursor {
  version: string
  project: string
  dataset: string
  /** Content hash of the source's own rows, before any were appended. */
  base: string
  /** The last labelled prediction that is in it. */
  cursor: number
  createdAt: number
}

interface PipelineTables {
  pipelines_runs: { id: string; project: string; number: number; candidate: string | null }
  pipelines_data: {
    version: string
    project: string
    dataset: string
    base: string
    cursor: number
    created_at: number
  }
}

/** Gives a run its number within the project. */
export async function insertRun(tx: Tx, id: string, project: string): Promise<number> {
  const db = tables<PipelineTables>(tx)
  const last = await db
    .selectFrom('pipelines_runs')
    .select((e) => e.fn.max('number').as('number'))
    .where('project', '=', project)
    .executeTakeFirst()
  const number = Number(last?.number ?? 0) + 1
  await db.insertInto('pipelines_runs').values({ id, project, number, candidate: null }).execute()
  return number
}

export async function runNumbers(storage: Storage, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const rows = await storage
    .reads<PipelineTables>()
    .selectFrom('pipelines_runs')
    .select(['id', 'number'])
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map((row) => [row.id, row.number]))
}

export async function saveCandidate(tx: Tx, run: string, candidate: CandidateRecord): Promise<void> {
  await tables<PipelineTables>(tx)
    .updateTable('pipelines_runs')
    .set({ candidate: encodeJson(candidate) })
    .where('id', '=', run)
    .execute()
}

export async function candidateOf(storage: Storage, run: string): Promise<CandidateRecord | undefined> {
  const row = await storage
    .reads<PipelineTables>()
    .selectFrom('pipelines_runs')
    .select('candidate')
    .where('id', '=', run)
    .executeTakeFirst()
  return row?.candidate ? decodeJson<CandidateRecord>(row.candidate) : undefined
}

export async function saveCursor(tx: Tx, cursor: DataCursor): Promise<void> {
  const { version, project, dataset, base, createdAt } = cursor
  await tables<PipelineTables>(tx)
    .insertInto('pipelines_data')
    .values({ version, project, dataset, base, cursor: cursor.cursor, created_at: createdAt })
    .onConflict((c) => c.column('version').doUpdateSet({ cursor: cursor.cursor }))
    .execute()
}

export async function latestCursor(
  storage: Storage,
  project: string,
  dataset: string,
): Promise<DataCursor | undefined> {
  const row = await storage
    .reads<PipelineTables>()
    .selectFrom('pipelines_data')
    .selectAll()
    .where('project', '=', project)
    .where('dataset', '=', dataset)
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  return row && { ...row, cursor: Number(row.cursor), createdAt: Number(row.created_at) }
}
