import { createHash } from 'node:crypto'
import { type Storage, type Tx, tables } from '#platform/storage'

/** Rows of the log that lie in a Parquet file: of one endpoint, a stretch of the log without a gap. */
export interface Segment {
  /** The first `seq`, by which it is known: no two segments share a row. */
  readonly id: number
  readonly endpoint: string
  readonly lastSeq: number
  readonly rows: number
  readonly firstEventTime: number
  readonly lastEventTime: number
  readonly firstReceivedAt: number
  readonly lastReceivedAt: number
  readonly blob: string
  readonly bytes: number
  readonly createdAt: number
}

interface SegmentRow {
  id: number
  endpoint: string
  last_seq: number
  rows: number
  first_event_time: number
  last_event_time: number
  first_received_at: number
  last_received_at: number
  blob: string
  bytes: number
  created_at: number
}

interface ArchiveTables {
  serving_segments: SegmentRow
  /** In which segment the prediction of an id is. */
  serving_archived: { key: string; segment: number }
}

/** 66 bits of a hash: a place in an index whatever an id looks like; the segment itself has the id. */
export const keyOf = (id: string) => createHash('sha1').update(id).digest('base64url').slice(0, 11)

const LARGEST_LIST = 500

/** Of an endpoint, or of all, in the order of the log. */
export async function segmentsOf(storage: Storage, endpoint?: string): Promise<Segment[]> {
  let query = storage.reads<ArchiveTables>().selectFrom('serving_segments').selectAll().orderBy('id')
  if (endpoint !== undefined) query = query.where('endpoint', '=', endpoint)
  return (await query.execute()).map(segmentFromRow)
}

export async function hasSegments(storage: Storage): Promise<boolean> {
  const found = await storage.reads<ArchiveTables>().selectFrom('serving_segments').select('id').limit(1).execute()
  return found.length > 0
}

/** Where ids may lie, by segment; an id can stand under a segment that does not have it. */
export async function placesOf(storage: Storage, ids: readonly string[]): Promise<Map<number, string[]>> {
  const places = new Map<number, string[]>()
  for (const [segment, found] of await lookUp(storage.reads<ArchiveTables>(), ids))
    places.set(segment.id, [...(places.get(segment.id) ?? []), ...found])
  return places
}

/** The endpoints of predictions that are in segments, by their ids. */
export async function endpointsOfArchived(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const endpoints = new Map<string, string>()
  for (const [{ endpoint }, found] of await lookUp(tables<ArchiveTables>(tx), ids))
    for (const id of found) endpoints.set(id, endpoint)
  return endpoints
}

async function lookUp(db: ReturnType<typeof tables<ArchiveTables>>, ids: readonly string[]) {
  const found: [segment: { id: number; endpoint: string }, ids: string[]][] = []
  const idsOf = new Map<string, string[]>()
  for (const id of ids) idsOf.set(keyOf(id), [...(idsOf.get(keyOf(id)) ?? []), id])
  const keys = [...idsOf.keys()]
  for (let from = 0; from < keys.length; from += LARGEST_LIST) {
    const rows = await db
      .selectFrom('serving_archived as a')
      .innerJoin('serving_segments as s', 's.id', 'a.segment')
      .select(['a.key', 's.id', 's.endpoint'])
      .where('a.key', 'in', keys.slice(from, from + LARGEST_LIST))
      .execute()
    for (const { key, id, endpoint } of rows) found.push([{ id: Number(id), endpoint }, idsOf.get(key)!])
  }
  return found
}

/** Before their segment is there they lead nowhere; written again, they are the same. */
export async function insertArchived(tx: Tx, segment: number, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += LARGEST_LIST)
    await tables<ArchiveTables>(tx)
      .insertInto('serving_archived')
      .values(ids.slice(from, from + LARGEST_LIST).map((id) => ({ key: keyOf(id), segment })))
      .onConflict((c) => c.doNothing())
      .execute()
}

export async function deleteArchived(tx: Tx, segment: number, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += LARGEST_LIST)
    await tables<ArchiveTables>(tx)
      .deleteFrom('serving_archived')
      .where('segment', '=', segment)
      .where('key', 'in', ids.slice(from, from + LARGEST_LIST).map(keyOf))
      .execute()
}

/** From here on its rows are read from the file. @returns false when another server was faster */
export async function insertSegment(tx: Tx, segment: Segment): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables<ArchiveTables>(tx)
    .insertInto('serving_segments')
    .values(rowOf(segment))
    .onConflict((c) => c.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export async function replaceSegment(tx: Tx, segment: Segment): Promise<void> {
  await tables<ArchiveTables>(tx)
    .updateTable('serving_segments')
    .set(rowOf(segment))
    .where('id', '=', segment.id)
    .execute()
}

export async function deleteSegment(tx: Tx, id: number): Promise<void> {
  await tables<ArchiveTables>(tx).deleteFrom('serving_archived').where('segment', '=', id).execute()
  await tables<ArchiveTables>(tx).deleteFrom('serving_segments').where('id', '=', id).execute()
}

const segmentFromRow = (row: SegmentRow): Segment => ({
  id: Number(row.id),
  endpoint: row.endpoint,
  lastSeq: Number(row.last_seq),
  rows: Number(row.rows),
  firstEventTime: Number(row.first_event_time),
  lastEventTime: Number(row.last_event_time),
  firstReceivedAt: Number(row.first_received_at),
  lastReceivedAt: Number(row.last_received_at),
  blob: row.blob,
  bytes: Number(row.bytes),
  createdAt: Number(row.created_at),
})

const rowOf = (segment: Segment): SegmentRow => ({
  id: segment.id,
  endpoint: segment.endpoint,
  last_seq: segment.lastSeq,
  rows: segment.rows,
  first_event_time: segment.firstEventTime,
  last_event_time: segment.lastEventTime,
  first_received_at: segment.firstReceivedAt,
  last_received_at: segment.lastReceivedAt,
  blob: segment.blob,
  bytes: segment.bytes,
  created_at: segment.createdAt,
})
