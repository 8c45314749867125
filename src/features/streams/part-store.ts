import { type Storage, type Tx, tables } from '#platform/storage'

/** Rows that a stream told, out of the log and not in a data version yet: a Parquet file. */
export interface StreamPart {
  readonly blob: string
  readonly rows: number
}

interface Of {
  readonly project: string
  readonly view: string
}

interface PartTables {
  features_stream_parts: { project: string; view: string; number: number; blob: string; rows: number }
}

export async function insertPart(tx: Tx, of: Of, { blob, rows }: StreamPart): Promise<void> {
  const db = tables<PartTables>(tx)
  const last = await db
    .selectFrom('features_stream_parts')
    .select('number')
    .where('project', '=', of.project)
    .where('view', '=', of.view)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  const number = Number(last?.number ?? 0) + 1
  await db
    .insertInto('features_stream_parts')
    .values({ project: of.project, view: of.view, number, blob, rows })
    .execute()
}

/** In the order they were made. */
export async function partsOf(storage: Storage, { project, view }: Of): Promise<(StreamPart & { number: number })[]> {
  const parts = await storage
    .reads<PartTables>()
    .selectFrom('features_stream_parts')
    .select(['number', 'blob', 'rows'])
    .where('project', '=', project)
    .where('view', '=', view)
    .orderBy('number')
    .execute()
  return parts.map(({ number, blob, rows }) => ({ number: Number(number), blob, rows: Number(rows) }))
}

/** Those up to a number: they are in a data version. */
export async function deleteParts(tx: Tx, { project, view }: Of, upTo: number): Promise<void> {
  await tables<PartTables>(tx)
    .deleteFrom('features_stream_parts')
    .where('project', '=', project)
    .where('view', '=', view)
    .where('number', '<=', upTo)
    .execute()
}
