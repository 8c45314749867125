import { sql } from 'kysely'
import { type Storage, type Tx, tables } from '#platform/storage'
import type { Feedback } from '../feedback.contract.ts'

/** One piece of feedback; of a prediction that has not come yet, its endpoint and what follows from the answer are null. */
export interface FeedbackRow {
  seq: number
  id: string
  prediction_id: string | null
  endpoint: string | null
  version: number | null
  rating: number | null
  value: string | null
  /** 1 or 0. */
  agrees: number | null
  comment: string | null
  person: string | null
  sender: string | null
  /** A JSON list. */
  tags: string | null
  given_at: number
  received_at: number
  /** When the prediction was received: they are forgotten together. */
  answered_at: number | null
  replaced: number
}

export type NewFeedbackRow = Omit<FeedbackRow, 'seq'>

interface FeedbackTables {
  serving_feedback: FeedbackRow
}

const LARGEST_LIST = 500

export async function feedbackByIds(tx: Tx, ids: readonly string[]): Promise<Map<string, FeedbackRow>> {
  const found = new Map<string, FeedbackRow>()
  for (let from = 0; from < ids.length; from += LARGEST_LIST) {
    const some = ids.slice(from, from + LARGEST_LIST)
    for (const row of await tables<FeedbackTables>(tx)
      .selectFrom('serving_feedback')
      .selectAll()
      .where('id', 'in', some)
      .execute())
      found.set(row.id, row)
  }
  return found
}

/** How much there is of each of these predictions. */
export async function countsOf(tx: Tx, predictions: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let from = 0; from < predictions.length; from += LARGEST_LIST) {
    const rows = await tables<FeedbackTables>(tx)
      .selectFrom('serving_feedback')
      .select(['prediction_id', (e) => e.fn.countAll().as('count')])
      .where('prediction_id', 'in', predictions.slice(from, from + LARGEST_LIST))
      .groupBy('prediction_id')
      .execute()
    for (const { prediction_id, count } of rows) counts.set(prediction_id!, Number(count))
  }
  return counts
}

export async function countWaiting(tx: Tx): Promise<number> {
  const { count } = await tables<FeedbackTables>(tx)
    .selectFrom('serving_feedback')
    .select((e) => e.fn.countAll().as('count'))
    .where('endpoint', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(count)
}

export async function insertFeedback(tx: Tx, rows: readonly NewFeedbackRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 100)
    await tables<FeedbackTables>(tx)
      .insertInto('serving_feedback')
      .values(rows.slice(from, from + 100) as FeedbackRow[])
      .execute()
}

export async function updateFeedback(tx: Tx, seq: number, row: Partial<NewFeedbackRow>): Promise<void> {
  await tables<FeedbackTables>(tx).updateTable('serving_feedback').set(row).where('seq', '=', seq).execute()
}

/** Those whose prediction has not come, after a place in their order. */
export function waitingFeedback(storage: Storage, after: number, limit: number): Promise<FeedbackRow[]> {
  return storage
    .reads<FeedbackTables>()
    .selectFrom('serving_feedback')
    .selectAll()
    .where('endpoint', 'is', null)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

export async function feedbackOf(storage: Storage, prediction: string): Promise<FeedbackRow[]> {
  return storage
    .reads<FeedbackTables>()
    .selectFrom('serving_feedback')
    .selectAll()
    .where('prediction_id', '=', prediction)
    .orderBy('seq', 'desc')
    .execute()
}

export interface FeedbackFilter {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly version?: number | undefined
  readonly disagrees?: boolean | undefined
  readonly tag?: string | undefined
}

export async function feedbackPage(
  storage: Storage,
  endpoint: string,
  { from, to, version, disagrees, tag }: FeedbackFilter,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<FeedbackRow[]> {
  let query = storage
    .reads<FeedbackTables>()
    .selectFrom('serving_feedback')
    .selectAll()
    .where('endpoint', '=', endpoint)
  if (before !== undefined) query = query.where('seq', '<', before)
  if (from !== undefined) query = query.where('given_at', '>=', from)
  if (to !== undefined) query = query.where('given_at', '<', to)
  if (version !== undefined) query = query.where('version', '=', version)
  if (disagrees !== undefined) query = query.where('agrees', '=', disagrees ? 0 : 1)
  // Not LIKE: a tag may hold its wildcards, and the databases differ in its case.
  if (tag !== undefined)
    query = query.where((e) => e(e.fn('replace', ['tags', e.val(JSON.stringify(tag)), e.val('')]), '<>', e.ref('tags')))
  return query.orderBy('seq', 'desc').limit(limit).execute()
}

/** Sums of one group; the databases give them as text, as numbers or as null. */
interface Sums {
  count: unknown
  rated: unknown
  rating: unknown
  low: unknown
  valued: unknown
  disagree: unknown
}

function sums(storage: Storage, endpoint: string, from: number | undefined, to: number | undefined) {
  let query = storage
    .reads<FeedbackTables>()
    .selectFrom('serving_feedback')
    .where('endpoint', '=', endpoint)
    .select((e) => [
      e.fn.countAll().as('count'),
      e.fn.count('rating').as('rated'),
      e.fn.sum('rating').as('rating'),
      sql<unknown>`sum(case when rating <= 2 then 1 else 0 end)`.as('low'),
      e.fn.count('agrees').as('valued'),
      sql<unknown>`sum(case when agrees = 0 then 1 else 0 end)`.as('disagree'),
    ])
  if (from !== undefined) query = query.where('given_at', '>=', from)
  if (to !== undefined) query = query.where('given_at', '<', to)
  return query
}

const countsFrom = (row: Sums) => {
  const rated = Number(row.rated)
  return {
    count: Number(row.count),
    rated,
    meanRating: rated === 0 ? null : Number(row.rating) / rated,
    low: Number(row.low ?? 0),
    valued: Number(row.valued),
    disagree: Number(row.disagree ?? 0),
  }
}

export async function totalFeedback(storage: Storage, endpoint: string, from?: number, to?: number) {
  const row = await sums(storage, endpoint, from, to)
    .select((e) => [
      e.fn.count('prediction_id').distinct().as('predictions'),
      e.fn.count('person').distinct().as('people'),
      e.fn.count('comment').as('comments'),
    ])
    .executeTakeFirstOrThrow()
  const { predictions, people, comments } = row
  return {
    ...countsFrom(row),
    ...{ predictions: Number(predictions), people: Number(people), comments: Number(comments) },
  }
}

export async function feedbackByVersion(storage: Storage, endpoint: string, from?: number, to?: number) {
  const rows = await sums(storage, endpoint, from, to)
    .select('version')
    .where('version', 'is not', null)
    .groupBy('version')
    .orderBy('version')
    .execute()
  return rows.map((row) => ({ version: row.version!, ...countsFrom(row) }))
}

/** By periods of `length` ms since 1970, the latest `most` of those with feedback. */
export async function feedbackByPeriod(
  storage: Storage,
  endpoint: string,
  { from, to, length, most }: { from?: number | undefined; to?: number | undefined; length: number; most: number },
) {
  // `length` is one of ours, never a caller's text: a bound parameter would make two different expressions of it on PostgreSQL.
  const period = sql<number>`given_at / ${sql.lit(length)}`
  const rows = await sums(storage, endpoint, from, to)
    .select(period.as('period'))
    .groupBy(period)
    .orderBy(period, 'desc')
    .limit(most)
    .execute()
  return rows.toReversed().map((row) => ({ from: Number(row.period) * length, ...countsFrom(row) }))
}

/** Tags of the latest pieces that have some. */
export async function latestTags(storage: Storage, endpoint: string, filter: FeedbackFilter, most: number) {
  let query = storage
    .reads<FeedbackTables>()
    .selectFrom('serving_feedback')
    .select('tags')
    .where('endpoint', '=', endpoint)
    .where('tags', 'is not', null)
  if (filter.from !== undefined) query = query.where('given_at', '>=', filter.from)
  if (filter.to !== undefined) query = query.where('given_at', '<', filter.to)
  const rows = await query.orderBy('seq', 'desc').limit(most).execute()
  return rows.map(({ tags }) => JSON.parse(tags!) as string[])
}

/** Forgets what is about predictions received before `before`, or about the endpoint itself and as old; returns how much. */
export async function deleteOldFeedback(tx: Tx, endpoint: string, before: number): Promise<number> {
  const { numDeletedRows } = await tables<FeedbackTables>(tx)
    .deleteFrom('serving_feedback')
    .where('endpoint', '=', endpoint)
    .where((e) => e(e.fn.coalesce('answered_at', 'received_at'), '<', before))
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export async function deleteWaitingFeedback(tx: Tx, before: number): Promise<void> {
  await tables<FeedbackTables>(tx)
    .deleteFrom('serving_feedback')
    .where('endpoint', 'is', null)
    .where('received_at', '<', before)
    .execute()
}

export const feedbackFromRow = (row: FeedbackRow): Feedback => ({
  ...{ id: row.id, prediction: row.prediction_id, endpoint: row.endpoint, version: row.version },
  ...{ rating: row.rating, value: row.value, agrees: row.agrees === null ? null : row.agrees === 1 },
  ...{ comment: row.comment, person: row.person, sender: row.sender },
  tags: row.tags === null ? [] : JSON.parse(row.tags),
  ...{ givenAt: Number(row.given_at), receivedAt: Number(row.received_at), replaced: row.replaced },
})
