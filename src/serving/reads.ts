import { setImmediate as otherRequests } from 'node:timers/promises'
import type { Storage } from '#platform/storage'
import type { LoggedPrediction } from './contract.ts'
import type { Route } from './router.ts'
import {
  endpointsOfProject,
  type JoinedRow,
  joinedPredictions,
  predictionFromRow,
  predictionsById,
  type StoredPrediction,
  type Totals,
  totalsOf,
} from './store.ts'

/** A prediction whose label is known. */
export interface LabelledPrediction extends LoggedPrediction {
  /** Its place in the order in which labels were joined; the cursor of `labelledSince`. */
  readonly joined: number
  readonly groundTruth: NonNullable<LoggedPrediction['groundTruth']>
}

/** Predictions column by column, ordered by event time; entry `i` of every column is the same prediction. */
export interface PredictionWindow {
  readonly rows: number
  /** True when the window held more than the limit: these are its latest. */
  readonly cut: boolean
  readonly ids: readonly string[]
  readonly versions: Int32Array
  readonly routes: readonly Route[]
  /** Milliseconds since 1970. */
  readonly eventTimes: Float64Array
  readonly values: Float64Array
  /** The class answered; `null` for a regression. */
  readonly labels: readonly (string | null)[]
  /** The ground truth, where it is known. */
  readonly truths: readonly (string | null)[]
  readonly scores: readonly Readonly<Record<string, number>>[]
  readonly inputs: readonly LoggedPrediction['inputs'][]
}

export interface LabelledRow {
  readonly inputs: LoggedPrediction['inputs']
  readonly label: string
  readonly eventTime: number
}

/** What later rooms read of the prediction log. */
export interface PredictionReads {
  /**
   * Predictions of an endpoint in the order in which their labels were joined, each once. A later correction of a label
   * does not show up here again; windows have it.
   * @param afterJoined the `joined` of the last one seen, 0 to start
   */
  labelledSince(endpoint: string, afterJoined: number, limit: number): Promise<LabelledPrediction[]>
  /** Predictions in the order in which they were logged, each once. */
  predictionsSince(endpoint: string, afterSeq: number, limit: number): Promise<StoredPrediction[]>
  /**
   * The predictions with an event time in [from, to).
   * @param limit most rows; beyond it the latest are given and `cut` is true
   */
  window(endpoint: string, from: number, to: number, limit?: number): Promise<PredictionWindow>
  counts(endpoint: string): Promise<Totals>
  /** The latest event time logged; `undefined` before the first prediction. */
  watermark(endpoint: string): Promise<number | undefined>
  /** Rows with their labels in order of event time, page by page, for training: of one endpoint or all of a project. */
  labelledRows(
    of: { endpoint: string } | { project: string },
    range?: { from?: number; to?: number },
  ): AsyncIterable<LabelledRow>
  prediction(id: string): Promise<StoredPrediction | undefined>
  /** Newest first. */
  list(
    endpoint: string,
    query: { limit: number; before?: number; version?: number; labelled?: boolean },
  ): Promise<StoredPrediction[]>
}

const LARGEST_WINDOW = 100_000

/** A page is read without a pause (SQLite answers on this thread); between two, requests get their turn. */
const PAGE = 500

export function openReads(storage: Storage): PredictionReads {
  /** Pages of the rows with an event time in [from, to), in that order or the other way round. */
  async function* pages(
    endpoint: string,
    from: number,
    to: number,
    { order, labelled }: { order: 'asc' | 'desc'; labelled: boolean },
  ): AsyncGenerator<JoinedRow[]> {
    const past = order === 'asc' ? '>' : '<'
    let last: { event_time: number; seq: number } | undefined
    for (;;) {
      let query = joinedPredictions(storage).where('p.endpoint', '=', endpoint)
      if (labelled) query = query.where('t.seq', 'is not', null)
      // The bound of the last page stands for one end of the range, so that the index is entered where it ended.
      query = query.where('p.event_time', '>=', order === 'asc' ? (last?.event_time ?? from) : from)
      query = query.where('p.event_time', '<', order === 'asc' ? to : last ? last.event_time + 1 : to)
      if (last) {
        const { event_time, seq } = last
        query = query.where((e) =>
          e.or([
            e('p.event_time', past, event_time),
            e.and([e('p.event_time', '=', event_time), e('p.seq', past, seq)]),
          ]),
        )
      }
      const rows = await query.orderBy('p.event_time', order).orderBy('p.seq', order).limit(PAGE).execute()
      yield rows
      if (rows.length < PAGE) return
      last = rows.at(-1)!
      await otherRequests()
    }
  }

  return {
    labelledSince: async (endpoint, afterJoined, limit) => {
      const rows = await joinedPredictions(storage)
        .where('t.endpoint', '=', endpoint)
        .where('t.seq', '>', afterJoined)
        .orderBy('t.seq')
        .limit(limit)
        .execute()
      return rows.map((row) => ({ ...predictionFromRow(row), joined: row.joined! }) as LabelledPrediction)
    },
    predictionsSince: async (endpoint, afterSeq, limit) => {
      const rows = await joinedPredictions(storage)
        .where('p.endpoint', '=', endpoint)
        .where('p.seq', '>', afterSeq)
        .orderBy('p.seq')
        .limit(limit)
        .execute()
      return rows.map(predictionFromRow)
    },
    window: async (endpoint, from, to, limit = LARGEST_WINDOW) => {
      const rows: JoinedRow[] = []
      for await (const page of pages(endpoint, from, to, { order: 'desc', labelled: false })) {
        rows.push(...page)
        if (rows.length > limit) break
      }
      const cut = rows.length > limit
      rows.length = Math.min(rows.length, limit)
      rows.reverse()
      return {
        rows: rows.length,
        cut,
        ids: rows.map((row) => row.id),
        versions: Int32Array.from(rows, (row) => row.version),
        routes: rows.map((row) => row.route),
        eventTimes: Float64Array.from(rows, (row) => row.event_time),
        values: Float64Array.from(rows, (row) => row.value),
        labels: rows.map((row) => row.label),
        truths: rows.map((row) => row.truth),
        scores: rows.map((row) => JSON.parse(row.scores)),
        inputs: rows.map((row) => JSON.parse(row.inputs)),
      }
    },
    counts: async (endpoint) => {
      const { predictions, labelled, repeated, corrected } = (await totalsOf(storage, endpoint)) ?? NOTHING
      return { predictions, labelled, repeated, corrected }
    },
    watermark: async (endpoint) => (await totalsOf(storage, endpoint))?.watermark,
    labelledRows: async function* (of, { from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = {}) {
      const endpoints = 'endpoint' in of ? [of.endpoint] : await endpointsOfProject(storage, of.project)
      for (const endpoint of endpoints)
        for await (const page of pages(endpoint, from, to, { order: 'asc', labelled: true }))
          for (const row of page) yield { inputs: JSON.parse(row.inputs), label: row.truth!, eventTime: row.event_time }
    },
    prediction: async (id) => (await predictionsById(storage, [id]))[0],
    list: async (endpoint, { limit, before, version, labelled }) => {
      let query = joinedPredictions(storage).where('p.endpoint', '=', endpoint)
      if (before !== undefined) query = query.where('p.seq', '<', before)
      if (version !== undefined) query = query.where('p.version', '=', version)
      if (labelled !== undefined) query = query.where('t.seq', labelled ? 'is not' : 'is', null)
      return (await query.orderBy('p.seq', 'desc').limit(limit).execute()).map(predictionFromRow)
    },
  }
}

const NOTHING: Totals = { predictions: 0, labelled: 0, repeated: 0, corrected: 0 }
