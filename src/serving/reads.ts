import { setImmediate as otherRequests } from 'node:timers/promises'
import type { Storage } from '#platform/storage'
import type { LoggedPrediction } from './contract.ts'
import type { Route } from './router.ts'
import { type Archive, NO_ARCHIVE } from './archive/archive.ts'
import type { SegmentQuery } from './archive/segment-file.ts'
import type { Segment } from './archive/store.ts'
import { archivedList, fits, LIST_PAGE, type ListFilter, listFromTable } from './list.ts'
import {
  endpointsOfProject,
  type JoinedRow,
  joinedPredictions,
  predictionFromRow,
  predictionsById,
  type StoredPrediction,
  type Totals,
  totalsOf,
  withTruths,
} from './store.ts'
import type { ServingTables } from './tables.ts'

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
  list(endpoint: string, filter: ListFilter): Promise<StoredPrediction[]>
}

const LARGEST_WINDOW = 100_000

/** A page is read without a pause (SQLite answers on this thread); between two, requests get their turn. */
const PAGE = 500

/** Rows of segments that are read at once where all of them are wanted. */
const ARCHIVE_PAGE = 10_000

/**
 * Reads what lies in the table and what was moved into segments as one log. Segments are looked up first, and the table's rows
 * that are in them are passed over: those moved meanwhile stay in the table for longer than a read takes.
 *
 * @param settle brings what was answered by now into the table
 */
export function openReads(
  storage: Storage,
  archive: Archive = NO_ARCHIVE,
  settle: () => Promise<void> = async () => {},
): PredictionReads {
  /** The segments of an endpoint, and the place in the log after which its rows are read from the table. */
  async function split(endpoint: string): Promise<{ segments: Segment[]; floor: number }> {
    const segments = await archive.segments(endpoint)
    return { segments, floor: segments.at(-1)?.lastSeq ?? 0 }
  }

  const archived = async (segments: readonly Segment[], query: SegmentQuery): Promise<JoinedRow[]> =>
    segments.length === 0 ? [] : withTruths(storage, await archive.rows(segments, query))

  /** Labelled rows of segments with an event time in [from, to), in that order. */
  async function* archivedPages(segments: readonly Segment[], from: number, to: number): AsyncGenerator<JoinedRow[]> {
    const overlapping = within(segments, from, to)
    let last: { event_time: number; seq: number } | undefined
    for (;;) {
      const after = last && `(epoch_ms(t.event_time), t.seq) > (${last.event_time}, ${last.seq})`
      const where = [inRange(from, to), ...(after ? [after] : [])].join(' AND ')
      const rows = await archived(overlapping, { where, order: 'event_time, seq', limit: ARCHIVE_PAGE })
      yield rows.filter(({ joined }) => joined !== null)
      if (rows.length < ARCHIVE_PAGE) return
      last = rows.at(-1)!
    }
  }

  /** Pages of the table's rows with an event time in [from, to), in that order or the other way round. */
  async function* pages(
    endpoint: string,
    from: number,
    to: number,
    { order, labelled, floor }: { order: 'asc' | 'desc'; labelled: boolean; floor: number },
  ): AsyncGenerator<JoinedRow[]> {
    const past = order === 'asc' ? '>' : '<'
    let last: { event_time: number; seq: number } | undefined
    for (;;) {
      let query = joinedPredictions(storage).where('p.endpoint', '=', endpoint).where('p.seq', '>', floor)
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
      await settle()
      const truths = await storage
        .reads<ServingTables>()
        .selectFrom('serving_ground_truth')
        .select(['seq', 'prediction_id'])
        .where('endpoint', '=', endpoint)
        .where('seq', '>', afterJoined)
        .orderBy('seq')
        .limit(limit)
        .execute()
      const ids = truths.map(({ prediction_id }) => prediction_id)
      const found = new Map((await predictionsById(storage, archive, ids)).map((one) => [one.id, one]))
      return truths.flatMap(({ seq, prediction_id }) => {
        const prediction = found.get(prediction_id)
        return prediction?.groundTruth ? [{ ...prediction, joined: seq } as LabelledPrediction] : []
      })
    },
    predictionsSince: async (endpoint, afterSeq, limit) => {
      await settle()
      const { segments, floor } = await split(endpoint)
      const later = segments.filter(({ lastSeq }) => lastSeq > afterSeq)
      const rows = await archived(later, { where: `t.seq > ${afterSeq}`, order: 'seq', limit })
      if (rows.length < limit)
        rows.push(
          ...(await joinedPredictions(storage)
            .where('p.endpoint', '=', endpoint)
            .where('p.seq', '>', Math.max(afterSeq, floor))
            .orderBy('p.seq')
            .limit(limit - rows.length)
            .execute()),
        )
      return rows.map(predictionFromRow)
    },
    window: async (endpoint, from, to, limit = LARGEST_WINDOW) => {
      await settle()
      const { segments, floor } = await split(endpoint)
      const rows: JoinedRow[] = []
      for await (const page of pages(endpoint, from, to, { order: 'desc', labelled: false, floor })) {
        rows.push(...page)
        if (rows.length > limit) break
      }
      const older = within(segments, from, to)
      if (older.length > 0) {
        const query = { where: inRange(from, to), order: 'event_time DESC, seq DESC', limit: limit + 1 } as const
        rows.push(...(await archived(older, query)))
        rows.sort((a, b) => b.event_time - a.event_time || b.seq - a.seq)
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
      await settle()
      const { predictions, labelled, repeated, corrected } = (await totalsOf(storage, endpoint)) ?? NOTHING
      return { predictions, labelled, repeated, corrected }
    },
    watermark: async (endpoint) => {
      await settle()
      return (await totalsOf(storage, endpoint))?.watermark
    },
    labelledRows: async function* (of, { from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = {}) {
      await settle()
      const endpoints = 'endpoint' in of ? [of.endpoint] : await endpointsOfProject(storage, of.project)
      for (const endpoint of endpoints) {
        const { segments, floor } = await split(endpoint)
        const table = pages(endpoint, from, to, { order: 'asc', labelled: true, floor })
        for await (const row of merged(archivedPages(segments, from, to), table))
          yield { inputs: JSON.parse(row.inputs), label: row.truth!, eventTime: row.event_time }
      }
    },
    prediction: async (id) => {
      await settle()
      return (await predictionsById(storage, archive, [id]))[0]
    },
    list: async (endpoint, filter) => {
      await settle()
      const { segments, floor } = await split(endpoint)
      const rows: JoinedRow[] = await listFromTable(storage, endpoint, filter, floor)
      let { before = Number.MAX_SAFE_INTEGER } = filter
      for (const segment of segments.toReversed()) {
        // Whether a row has its label is found out beside the file, so more are read than are shown.
        while (rows.length < filter.limit && segment.id < before) {
          const page = await archived([segment], archivedList(filter, before))
          rows.push(...page.filter((row) => fits(row, filter)))
          before = page.length < LIST_PAGE ? segment.id : page.at(-1)!.seq
        }
      }
      return rows.slice(0, filter.limit).map(predictionFromRow)
    },
  }
}

const NOTHING: Totals = { predictions: 0, labelled: 0, repeated: 0, corrected: 0 }

const inRange = (from: number, to: number) =>
  `t.event_time >= make_timestamp(${micros(from)}) AND t.event_time < make_timestamp(${micros(to)})`

/** Within what a timestamp can be. */
const micros = (ms: number) => `${Math.round(Math.min(Math.max(ms, -9e13), 9e13))}000`

const within = (segments: readonly Segment[], from: number, to: number) =>
  segments.filter(({ firstEventTime, lastEventTime }) => lastEventTime >= from && firstEventTime < to)

/** Two streams that are each in order of event time, as one. */
async function* merged(
  one: AsyncGenerator<JoinedRow[]>,
  other: AsyncGenerator<JoinedRow[]>,
): AsyncGenerator<JoinedRow> {
  const [a, b] = [rowsOf(one), rowsOf(other)]
  let [left, right] = [await a.next(), await b.next()]
  while (!left.done || !right.done) {
    const isLeft = right.done || (!left.done && left.value.event_time <= right.value.event_time)
    if (isLeft) {
      yield left.value as JoinedRow
      left = await a.next()
    } else {
      yield right.value as JoinedRow
      right = await b.next()
    }
  }
}

async function* rowsOf(pages: AsyncGenerator<JoinedRow[]>): AsyncGenerator<JoinedRow> {
  for await (const page of pages) yield* page
}
