import { createHash } from 'node:crypto'
import { wilson } from '#evaluation'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { LogPolicy } from '../endpoint-source.ts'
import { FeedbackTimeInvalid } from '../errors.ts'
import { parseTimestamp } from '../event-time.ts'
import type { Feedback, FeedbackReceipt, FeedbackSummary, NewFeedback } from '../feedback.contract.ts'
import {
  countsOf,
  countWaiting,
  deleteOldFeedback,
  deleteWaitingFeedback,
  type FeedbackFilter,
  type FeedbackRow,
  feedbackByIds,
  feedbackByPeriod,
  feedbackByVersion,
  feedbackFromRow,
  feedbackOf,
  feedbackPage,
  insertFeedback,
  latestTags,
  type NewFeedbackRow,
  totalFeedback,
  updateFeedback,
  waitingFeedback,
} from './store.ts'

/** What feedback has to know of the answer it is about. */
export interface AnsweredPrediction {
  readonly id: string
  readonly endpoint: string
  readonly version: number
  /** The class answered; null for a number. */
  readonly label: string | null
  readonly receivedAt: number
}

export interface HumanFeedbackNeeds {
  readonly storage: Storage
  readonly clock: Clock
  /** Predictions by id, wherever they are by now. */
  find(ids: readonly string[]): Promise<readonly AnsweredPrediction[]>
  /** What may be kept of an endpoint; `undefined` where there is no such endpoint. */
  policyOf(endpoint: string): Promise<LogPolicy | 'everything' | undefined>
  endpointNames(): Promise<readonly string[]>
  /** Why a value is none for an endpoint, or `undefined`. */
  refuseValue(endpoint: string, value: string): string | undefined
}

/** What people say of answers. It lies beside the log: a log of rows that never change, and words that do. */
export interface HumanFeedback {
  /**
   * Durable when it resolves; sending the same again changes nothing.
   * @param sender the identity that sends it
   * @throws FeedbackTimeInvalid before anything is written
   */
  give(feedback: readonly NewFeedback[], sender: string): Promise<FeedbackReceipt>
  of(prediction: string): Promise<Feedback[]>
  list(
    endpoint: string,
    filter: FeedbackFilter,
    page: { limit: number; before?: number | undefined },
  ): Promise<{ feedback: Feedback[]; next: number | null }>
  summary(
    endpoint: string,
    range: { from?: number | undefined; to?: number | undefined; periodMs: number },
  ): Promise<FeedbackSummary>
  /** Forgets it with the predictions that were received before `before`; returns how much. */
  expire(endpoint: string, before: number): Promise<number>
}

const ROWS_PER_WRITE = 500
const MOST_SHOWN = 100
/** Of one prediction: an answer that more people speak of is no answer but an article. */
const MOST_OF_PREDICTION = 1_000
/** Of predictions that never came: whoever makes up ids must not fill the disk. */
export const MOST_WAITING = 100_000
const MOST_PERIODS = 400
const TAGS_LOOKED_AT = 10_000
const TAGS_SHOWN = 20

/** What a project may leave out. */
type Redactable = 'comment' | 'person' | 'value' | 'tags'

export function openHumanFeedback(needs: HumanFeedbackNeeds): HumanFeedback {
  const { storage, clock, find, policyOf, endpointNames, refuseValue } = needs

  async function redactions(endpoints: Iterable<string>): Promise<Map<string, readonly Redactable[] | undefined>> {
    const found = new Map<string, readonly Redactable[] | undefined>()
    for (const endpoint of new Set(endpoints)) {
      const policy = await policyOf(endpoint)
      found.set(endpoint, policy === undefined ? undefined : redacted(policy))
    }
    return found
  }

  /** Of a prediction that nobody knows yet nothing is kept that any endpoint leaves out: it may be that one's. */
  async function strictest(): Promise<readonly Redactable[]> {
    const all = await redactions(await endpointNames())
    return [...new Set([...all.values()].flatMap((some) => some ?? []))]
  }

  const answersOf = async (ids: readonly string[]) => new Map((await find(ids)).map((one) => [one.id, one]))

  async function give(feedback: readonly NewFeedback[], sender: string): Promise<FeedbackReceipt> {
    const times = feedback.map(({ time }) => timeOf(time))
    const receipt: FeedbackReceipt = { kept: 0, repeated: 0, replaced: 0, waiting: [], refused: [] }
    for (let from = 0; from < feedback.length; from += ROWS_PER_WRITE) {
      const some = feedback.slice(from, from + ROWS_PER_WRITE)
      await write(some, times.slice(from, from + ROWS_PER_WRITE), from, sender, receipt)
    }
    receipt.waiting = [...new Set(receipt.waiting)].slice(0, MOST_SHOWN)
    receipt.refused.length = Math.min(receipt.refused.length, MOST_SHOWN)
    return receipt
  }

  async function write(
    some: readonly NewFeedback[],
    times: readonly (number | undefined)[],
    offset: number,
    sender: string,
    receipt: FeedbackReceipt,
  ): Promise<void> {
    const now = clock.now()
    const answers = await answersOf(some.flatMap(({ prediction }) => prediction ?? []))
    const policies = await redactions([
      ...some.flatMap(({ endpoint }) => endpoint ?? []),
      ...[...answers.values()].map(({ endpoint }) => endpoint),
    ])
    const unknown = some.some(({ prediction }) => prediction !== undefined && !answers.has(prediction))
    const cautious = unknown ? await strictest() : []
    const refuse = (index: number, reason: string): void => void receipt.refused.push({ index: offset + index, reason })

    /** By id: twice in one request, the last word counts. */
    const wanted = new Map<string, { index: number; row: NewFeedbackRow }>()
    for (const [index, one] of some.entries()) {
      const answer = one.prediction === undefined ? undefined : answers.get(one.prediction)
      if (one.endpoint !== undefined && policies.get(one.endpoint) === undefined) {
        refuse(index, `there is no endpoint "${one.endpoint}"`)
        continue
      }
      if (answer && one.endpoint !== undefined && answer.endpoint !== one.endpoint) {
        refuse(index, `the prediction is one of "${answer.endpoint}"`)
        continue
      }
      const endpoint = one.prediction === undefined ? one.endpoint! : (answer?.endpoint ?? null)
      const reason = endpoint === null || one.value === undefined ? undefined : refuseValue(endpoint, one.value)
      if (reason !== undefined) {
        refuse(index, reason)
        continue
      }
      const left = endpoint === null ? cautious : (policies.get(endpoint) ?? [])
      const row = rowOf(one, answer, endpoint, left, { sender, now, given: times[index] })
      if (row.rating === null && row.value === null && row.comment === null && row.tags === null) {
        refuse(index, 'nothing of it may be kept here')
        continue
      }
      if (wanted.has(row.id)) receipt.repeated++
      wanted.set(row.id, { index, row })
    }

    await storage.write(async (tx) => {
      await storage.capabilities.serialize(tx, 'serving_feedback')
      const before = await feedbackByIds(tx, [...wanted.keys()])
      const counts = await countsOf(tx, [
        ...new Set([...wanted.values()].flatMap(({ row }) => row.prediction_id ?? [])),
      ])
      let waiting = unknown ? await countWaiting(tx) : 0
      const added: NewFeedbackRow[] = []
      for (const { index, row } of wanted.values()) {
        const first = before.get(row.id)
        if (first) {
          if (first.prediction_id !== row.prediction_id || (first.endpoint ?? row.endpoint) !== row.endpoint) {
            refuse(index, `"${row.id}" names feedback about something else`)
          } else if (isSame(first, row)) receipt.repeated++
          else {
            await updateFeedback(tx, first.seq, { ...row, replaced: first.replaced + 1 })
            receipt.replaced++
          }
          continue
        }
        const count = row.prediction_id === null ? 0 : (counts.get(row.prediction_id) ?? 0)
        if (count >= MOST_OF_PREDICTION) {
          refuse(index, `${MOST_OF_PREDICTION} pieces of feedback are kept of one prediction`)
          continue
        }
        if (row.endpoint === null && waiting++ >= MOST_WAITING) {
          refuse(index, 'too much feedback waits for predictions that have not come')
          continue
        }
        if (row.prediction_id !== null) counts.set(row.prediction_id, count + 1)
        if (row.endpoint === null) receipt.waiting.push(row.prediction_id!)
        added.push(row)
        receipt.kept++
      }
      await insertFeedback(tx, added)
    })
  }

  let settledUpTo = 0
  /**
   * Finds the predictions of feedback that came before them, a page with each call. It is done by who reads and every hour, not
   * by the log: an answer never waits for words about it.
   *
   * @returns whether there are more
   */
  async function settle(): Promise<boolean> {
    const rows = await waitingFeedback(storage, settledUpTo, ROWS_PER_WRITE)
    const more = rows.length === ROWS_PER_WRITE
    settledUpTo = more ? rows.at(-1)!.seq : 0
    if (rows.length > 0) await settleRows(rows)
    return more
  }

  async function settleRows(rows: readonly FeedbackRow[]): Promise<void> {
    const answers = await answersOf([...new Set(rows.map(({ prediction_id }) => prediction_id!))])
    if (answers.size === 0) return
    const policies = await redactions([...answers.values()].map(({ endpoint }) => endpoint))
    await storage.write(async (tx) => {
      for (const row of rows) {
        const answer = answers.get(row.prediction_id!)
        if (!answer) continue
        const left = policies.get(answer.endpoint) ?? []
        const value = row.value !== null && refuseValue(answer.endpoint, row.value) === undefined ? row.value : null
        const kept = without({ value, comment: row.comment, person: row.person, tags: row.tags }, left)
        await updateFeedback(tx, row.seq, {
          ...kept,
          ...factsOf(answer, value),
          ...(left.includes('person') && { sender: null }),
        })
      }
    })
  }

  return {
    give,
    of: async (prediction) => (await feedbackOf(storage, prediction)).map(feedbackFromRow),
    list: async (endpoint, filter, page) => {
      await settle()
      const rows = await feedbackPage(storage, endpoint, filter, page)
      return { feedback: rows.map(feedbackFromRow), next: rows.length === page.limit ? rows.at(-1)!.seq : null }
    },
    summary: async (endpoint, { from, to, periodMs }) => {
      await settle()
      const [total, versions, periods, tags] = await Promise.all([
        totalFeedback(storage, endpoint, from, to),
        feedbackByVersion(storage, endpoint, from, to),
        feedbackByPeriod(storage, endpoint, { from, to, length: periodMs, most: MOST_PERIODS }),
        latestTags(storage, endpoint, { from, to }, TAGS_LOOKED_AT),
      ])
      const { valued, disagree } = total
      return {
        ...total,
        disagreeShare: valued === 0 ? null : wilson(disagree, valued),
        tags: mostFrequent(tags.flat(), TAGS_SHOWN),
        versions,
        periods,
      }
    },
    expire: async (endpoint, before) => {
      settledUpTo = 0
      while (await settle());
      return storage.write(async (tx) => {
        await deleteWaitingFeedback(tx, before)
        return deleteOldFeedback(tx, endpoint, before)
      })
    },
  }
}

const redacted = (policy: LogPolicy | 'everything'): readonly Redactable[] =>
  policy === 'everything' ? [] : (policy.redactFeedback ?? [])

function timeOf(time: string | undefined): number | undefined {
  if (time === undefined) return undefined
  const millis = parseTimestamp(time)
  if (millis === undefined) throw new FeedbackTimeInvalid(time)
  return millis
}

function rowOf(
  one: NewFeedback,
  answer: AnsweredPrediction | undefined,
  endpoint: string | null,
  left: readonly Redactable[],
  { sender, now, given }: { sender: string; now: number; given: number | undefined },
): NewFeedbackRow {
  const kept = without(
    {
      value: one.value ?? null,
      comment: one.comment ?? null,
      person: one.person ?? null,
      tags: one.tags && one.tags.length > 0 ? JSON.stringify([...new Set(one.tags)]) : null,
    },
    left,
  )
  const said = {
    prediction_id: one.prediction ?? null,
    rating: one.rating ?? null,
    ...kept,
    // Who sends it may be the person.
    sender: left.includes('person') ? null : sender,
  }
  return {
    id: one.id ?? idOf([one.endpoint ?? null, given ?? null, ...Object.values(said)]),
    ...said,
    ...(answer ? factsOf(answer, one.value ?? null) : { endpoint, version: null, agrees: null, answered_at: null }),
    given_at: given ?? now,
    received_at: now,
    replaced: 0,
  }
}

/** What follows from the answer. A value that must not be kept is compared all the same: that it differed tells nobody what it was. */
const factsOf = (answer: AnsweredPrediction, value: string | null) => ({
  endpoint: answer.endpoint,
  version: answer.version,
  agrees: value === null || answer.label === null ? null : value === answer.label ? 1 : 0,
  answered_at: answer.receivedAt,
})

function without<
  Part extends { value: string | null; comment: string | null; person: string | null; tags: string | null },
>(part: Part, left: readonly Redactable[]): Part {
  return { ...part, ...Object.fromEntries(left.map((name) => [name, null])) }
}

/** Of what is kept, so that the same said twice is one, and nothing that is left out can be guessed from it. */
const idOf = (content: readonly unknown[]) =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22)

const isSame = (first: FeedbackRow, again: NewFeedbackRow) =>
  (['rating', 'value', 'comment', 'person', 'tags'] as const).every((part) => first[part] === again[part])

function mostFrequent(tags: readonly string[], most: number): { tag: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1))
    .slice(0, most)
}
