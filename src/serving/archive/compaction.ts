import { mkdir, rm } from 'node:fs/promises'
import { setImmediate as otherRequests } from 'node:timers/promises'
import type { Blobs } from '#platform/blobs'
import { type Storage, tables } from '#platform/storage'
import type { Clock } from '#platform/time'
import { serializeLog } from '../store.ts'
import type { ServingTables } from '../tables.ts'
import { type Archive, workFile } from './archive.ts'
import { type LogRow, writeSegment } from './segment-file.ts'
import { deleteArchived, deleteSegment, insertArchived, insertSegment, replaceSegment, type Segment } from './store.ts'

export interface CompactionLimits {
  /** Rows of a segment. */
  readonly most: number
  /** Fewer stay where they are: a file for each handful would be slower to read than their table. */
  readonly fewest: number
  /** How long rows that are in a segment stay in the table: who began to read there finds them to its end. */
  readonly graceMs: number
}

export const DEFAULT_COMPACTION: CompactionLimits = { most: 50_000, fewest: 1_000, graceMs: 10 * 60_000 }

export interface CompactionNeeds {
  readonly storage: Storage
  readonly blobs: Blobs
  readonly archive: Archive
  readonly clock: Clock
  /** For files under way. */
  readonly work: string
  readonly limits: CompactionLimits
}

/** Rows of one transaction: answers being logged meanwhile wait for no more than this. */
const ROWS_PER_WRITE = 500

/**
 * Moves rows of an endpoint that were received before `before` into segments: written as a file, made a blob, indexed, and then, in
 * one transaction, declared. A crash before that leaves a file that nobody names; after it, the rows stand in both and the table's
 * are passed over until they are deleted. So no row is ever in neither, and none is read twice.
 *
 * @returns how many rows were moved
 */
export async function compact(
  needs: CompactionNeeds,
  endpoint: string,
  before: number,
  signal?: AbortSignal,
): Promise<number> {
  await deleteMoved(needs, endpoint)
  let moved = 0
  for (;;) {
    const segment = signal?.aborted ? undefined : await makeSegment(needs, endpoint, before)
    if (!segment) return moved
    moved += segment.rows
    await deleteMoved(needs, endpoint)
  }
}

async function makeSegment(needs: CompactionNeeds, endpoint: string, before: number): Promise<Segment | undefined> {
  const { storage, blobs, archive, clock, work, limits } = needs
  const last = (await archive.segments(endpoint)).at(-1)?.lastSeq ?? 0
  const ids: string[] = []
  const span = { rows: 0, first: 0, last: 0, event: [Infinity, -Infinity], received: [Infinity, -Infinity] }
  async function* pages(): AsyncGenerator<LogRow[]> {
    let after = last
    while (span.rows < limits.most) {
      const page = await oldRows(storage, endpoint, after, before, Math.min(ROWS_PER_WRITE, limits.most - span.rows))
      if (page.length === 0) return
      for (const row of page) {
        ids.push(row.id)
        span.event = [Math.min(span.event[0]!, row.event_time), Math.max(span.event[1]!, row.event_time)]
        span.received = [Math.min(span.received[0]!, row.received_at), Math.max(span.received[1]!, row.received_at)]
      }
      if (span.rows === 0) span.first = page[0]!.seq
      span.rows += page.length
      after = page.at(-1)!.seq
      span.last = after
      yield page
    }
  }
  if (!(await hasOldRows(storage, endpoint, last, before, limits.fewest))) return undefined
  await mkdir(work, { recursive: true })
  const file = workFile(work, last + 1)
  try {
    await writeSegment(pages(), file)
    const blob = await blobs.putFile(file)
    for (let from = 0; from < ids.length; from += ROWS_PER_WRITE)
      await storage.write((tx) => insertArchived(tx, span.first, ids.slice(from, from + ROWS_PER_WRITE)))
    const segment: Segment = {
      ...{ id: span.first, endpoint, lastSeq: span.last, rows: span.rows },
      ...{ firstEventTime: span.event[0]!, lastEventTime: span.event[1]! },
      ...{ firstReceivedAt: span.received[0]!, lastReceivedAt: span.received[1]! },
      ...{ blob: blob.hash, bytes: blob.size, createdAt: clock.now() },
    }
    const mine = await storage.write(async (tx) => {
      await serializeLog(storage, tx)
      return insertSegment(tx, segment)
    })
    await archive.refresh()
    return mine ? segment : undefined
  } finally {
    await rm(file, { force: true })
  }
}

async function oldRows(
  storage: Storage,
  endpoint: string,
  after: number,
  before: number,
  limit: number,
): Promise<LogRow[]> {
  const rows = await storage
    .reads<ServingTables>()
    .selectFrom('serving_predictions')
    .selectAll()
    .where('endpoint', '=', endpoint)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute()
  // The order of the log is that of arrival but for moments, so the first young one ends it.
  const young = rows.findIndex((row) => Number(row.received_at) >= before)
  return (young < 0 ? rows : rows.slice(0, young)) as LogRow[]
}

async function hasOldRows(
  storage: Storage,
  endpoint: string,
  after: number,
  before: number,
  fewest: number,
): Promise<boolean> {
  const row = await storage
    .reads<ServingTables>()
    .selectFrom('serving_predictions')
    .select('received_at')
    .where('endpoint', '=', endpoint)
    .where('seq', '>', after)
    .orderBy('seq')
    .offset(fewest - 1)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined && Number(row.received_at) < before
}

/** Deletes what has been in segments for long enough from the table, a little at a time. */
async function deleteMoved({ storage, archive, clock, limits }: CompactionNeeds, endpoint: string): Promise<void> {
  const settled = (await archive.segments(endpoint)).filter(
    ({ createdAt }) => createdAt <= clock.now() - limits.graceMs,
  )
  const until = settled.at(-1)?.lastSeq
  if (until === undefined) return
  for (;;) {
    const deleted = await storage.write(async (tx) => {
      const db = tables<ServingTables>(tx)
      const rows = await db
        .selectFrom('serving_predictions')
        .select('seq')
        .where('endpoint', '=', endpoint)
        .where('seq', '<=', until)
        .orderBy('seq')
        .limit(ROWS_PER_WRITE)
        .execute()
      const seqs = rows.map(({ seq }) => seq)
      if (seqs.length > 0) await db.deleteFrom('serving_predictions').where('seq', 'in', seqs).execute()
      return seqs.length
    })
    if (deleted < ROWS_PER_WRITE) return
    await otherRequests()
  }
}

const DAY = 86_400_000

/**
 * Forgets what was received before `before`, with its labels: whole segments, and the old rows of one that is more than a day
 * late, which is then written anew.
 *
 * @returns how many rows went
 */
export async function expireSegments(needs: CompactionNeeds, endpoint: string, before: number): Promise<number> {
  const { storage, blobs, archive, work } = needs
  // What is about to be forgotten must not be left in the table either.
  let gone = 0
  for (const segment of await archive.segments(endpoint)) {
    if (segment.firstReceivedAt >= before - DAY && segment.lastReceivedAt >= before) continue
    const old = `epoch_ms(t.received_at) < ${Math.floor(before)}`
    const rows = await archive.rows([segment], { where: old, order: 'seq' })
    const ids = rows.map(({ id }) => id)
    const rest = await archive.rows([segment], { where: `NOT (${old})`, order: 'seq' })
    let replaced: Segment | undefined
    if (rest.length > 0) {
      await mkdir(work, { recursive: true })
      const file = workFile(work, segment.id)
      try {
        await writeSegment(pagesOf(rest), file)
        const blob = await blobs.putFile(file)
        replaced = { ...segment, ...spanOf(rest), rows: rest.length, blob: blob.hash, bytes: blob.size }
      } finally {
        await rm(file, { force: true })
      }
    }
    for (let from = 0; from < ids.length; from += ROWS_PER_WRITE) {
      const some = ids.slice(from, from + ROWS_PER_WRITE)
      await storage.write(async (tx) => {
        const db = tables<ServingTables>(tx)
        await db.deleteFrom('serving_ground_truth').where('prediction_id', 'in', some).execute()
        await db.deleteFrom('serving_predictions').where('id', 'in', some).execute()
      })
    }
    await storage.write(async (tx) => {
      if (!replaced) return deleteSegment(tx, segment.id)
      await replaceSegment(tx, replaced)
      await deleteArchived(tx, segment.id, ids)
    })
    await blobs.remove(segment.blob)
    gone += ids.length
  }
  await archive.refresh()
  return gone
}

async function* pagesOf(rows: readonly LogRow[]): AsyncGenerator<readonly LogRow[]> {
  for (let from = 0; from < rows.length; from += ROWS_PER_WRITE) yield rows.slice(from, from + ROWS_PER_WRITE)
}

function spanOf(rows: readonly LogRow[]) {
  const least = (of: (row: LogRow) => number) => rows.reduce((least, row) => Math.min(least, of(row)), Infinity)
  const most = (of: (row: LogRow) => number) => rows.reduce((most, row) => Math.max(most, of(row)), -Infinity)
  return {
    firstEventTime: least((row) => row.event_time),
    lastEventTime: most((row) => row.event_time),
    firstReceivedAt: least((row) => row.received_at),
    lastReceivedAt: most((row) => row.received_at),
  }
}
