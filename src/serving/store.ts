import { CompiledQuery, type Kysely, type Selectable, sql } from 'kysely'
import { decodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Archive } from './archive/archive.ts'
import type { LogRow } from './archive/segment-file.ts'
import { endpointsOfArchived } from './archive/store.ts'
import type { LoggedPrediction } from './contract.ts'
import type { Route } from './router.ts'
import type { ServingTables } from './tables.ts'

/** A prediction on its way into the log; JSON columns are text already, made once. */
export interface NewPrediction {
  readonly id: string
  readonly endpoint: string
  readonly project: string
  readonly model: string
  readonly version: number
  readonly route: Route
  readonly eventTime: number
  readonly receivedAt: number
  readonly latencyUs: number
  readonly inputs: string
  readonly value: number
  readonly label: string | null
  /** Of a multiclass answer; those of a binary one follow from `value`. */
  readonly probabilities: string | null
  readonly scores: string
  readonly weights: string
}

/** A logged prediction with what only this room needs of it. */
export interface StoredPrediction extends LoggedPrediction {
  readonly seq: number
  readonly project: string
  readonly probabilities: Record<string, number> | null
}

export interface NewLabel {
  readonly id: string
  readonly label: string
  readonly eventTime: number | null
}

export interface Totals {
  readonly predictions: number
  /** Predictions with a ground truth. */
  readonly labelled: number
  /** Labels that were told again, unchanged. */
  readonly repeated: number
  /** Labels that were replaced by another. */
  readonly corrected: number
}

/** Both writers of this room take it first, so that a label and its prediction that arrive together do find each other. */
export const serializeLog = (storage: Storage, tx: Tx) => storage.capabilities.serialize(tx, 'serving_log')

/** Rows of one statement. Powers of two, so that a handful of prepared statements serves every batch. */
const LARGEST_INSERT = 64

/** What every batch of the log does, in its transaction. */
export interface LogWriter {
  /** Returns the ids that were there already; they keep their first record. */
  insertPredictions(tx: Tx, predictions: readonly NewPrediction[]): Promise<string[]>
  /** True when labels wait for predictions that have not come yet. */
  labelsWait(tx: Tx): Promise<boolean>
  addTotals(
    tx: Tx,
    added: { endpoint: string; project: string; predictions: number; labelled: number; watermark: number },
  ): Promise<void>
}

/** The statements of the hot path, each built once: building one costs more than running it. */
export function createLogWriter(): LogWriter {
  const statements = new Map<string, string>()

  function run<Row>(
    tx: Tx,
    name: string,
    build: (db: Kysely<ServingTables>) => { compile(): CompiledQuery },
    parameters: unknown[],
  ) {
    const db = tables<ServingTables>(tx)
    let statement = statements.get(name)
    if (statement === undefined) {
      statement = build(db).compile().sql
      statements.set(name, statement)
    }
    return db.executeQuery<Row>(CompiledQuery.raw(statement, parameters))
  }

  return {
    insertPredictions: async (tx, predictions) => {
      const known: string[] = []
      let from = 0
      while (from < predictions.length) {
        let rows = LARGEST_INSERT
        while (rows > predictions.length - from) rows /= 2
        const chunk = predictions.slice(from, from + rows)
        const parameters = new Array<unknown>(rows * PREDICTION_KEYS.length)
        for (let r = 0; r < rows; r++) writeParameters(chunk[r]!, parameters, r * PREDICTION_KEYS.length)
        const { numAffectedRows } = await run(tx, `insert ${rows}`, (db) => insertOf(db, rows), parameters)
        if (Number(numAffectedRows) < rows) known.push(...(await idsOfOthers(tx, chunk)))
        from += rows
      }
      return known
    },
    labelsWait: async (tx) => {
      const { rows } = await run(
        tx,
        'labels wait',
        (db) => db.selectFrom('serving_ground_truth').select('seq').where('endpoint', 'is', null).limit(sql.lit(1)),
        [],
      )
      return rows.length > 0
    },
    addTotals: async (tx, { endpoint, project, predictions, labelled, watermark }) => {
      await run(tx, 'add totals', totalsUpsert, [endpoint, project, predictions, labelled, 0, 0, watermark])
    },
  }
}

function insertOf(db: Kysely<ServingTables>, rows: number) {
  const placeholder = Object.fromEntries(PREDICTION_KEYS.map((key) => [key, ''])) as never
  return db
    .insertInto('serving_predictions')
    .values(new Array(rows).fill(placeholder))
    .onConflict((c) => c.column('id').doNothing())
}

function totalsUpsert(db: Kysely<ServingTables>) {
  return db
    .insertInto('serving_totals')
    .values({ endpoint: '', project: '', predictions: 0, labelled: 0, repeated: 0, corrected: 0, watermark: 0 })
    .onConflict((c) =>
      c.column('endpoint').doUpdateSet((e) => ({
        project: e.ref('excluded.project'),
        predictions: e('serving_totals.predictions', '+', e.ref('excluded.predictions')),
        labelled: e('serving_totals.labelled', '+', e.ref('excluded.labelled')),
        watermark: e
          .case()
          .when('excluded.watermark', '>', e.ref('serving_totals.watermark'))
          .then(e.ref('excluded.watermark'))
          .else(e.ref('serving_totals.watermark'))
          .end(),
      })),
    )
}

const PREDICTION_KEYS = [
  'id',
  'endpoint',
  'project',
  'model',
  'version',
  'route',
  'event_time',
  'received_at',
  'latency_us',
  'inputs',
  'value',
  'label',
  'probabilities',
  'scores',
  'weights',
] as const

function writeParameters(prediction: NewPrediction, parameters: unknown[], at: number): void {
  parameters[at] = prediction.id
  parameters[at + 1] = prediction.endpoint
  parameters[at + 2] = prediction.project
  parameters[at + 3] = prediction.model
  parameters[at + 4] = prediction.version
  parameters[at + 5] = prediction.route
  parameters[at + 6] = prediction.eventTime
  parameters[at + 7] = prediction.receivedAt
  parameters[at + 8] = prediction.latencyUs
  parameters[at + 9] = prediction.inputs
  parameters[at + 10] = prediction.value
  parameters[at + 11] = prediction.label
  parameters[at + 12] = prediction.probabilities
  parameters[at + 13] = prediction.scores
  parameters[at + 14] = prediction.weights
}

/** What versions said later than their record was written. */
export interface Amendment {
  readonly id: string
  readonly scores: string
}

export async function amendScores(tx: Tx, amendments: readonly Amendment[]): Promise<void> {
  for (const { id, scores } of amendments)
    await tables<ServingTables>(tx).updateTable('serving_predictions').set({ scores }).where('id', '=', id).execute()
}

/** Those of `chunk` whose id another gateway logged first. */
async function idsOfOthers(tx: Tx, chunk: readonly NewPrediction[]): Promise<string[]> {
  const rows = await tables<ServingTables>(tx)
    .selectFrom('serving_predictions')
    .select(['id', 'received_at', 'latency_us', 'scores'])
    .where(
      'id',
      'in',
      chunk.map(({ id }) => id),
    )
    .execute()
  const stored = new Map(rows.map((row) => [row.id, row]))
  return chunk
    .filter((mine) => {
      const row = stored.get(mine.id)!
      return row.received_at !== mine.receivedAt || row.latency_us !== mine.latencyUs || row.scores !== mine.scores
    })
    .map(({ id }) => id)
}

/** Most ids of one `in (…)`. */
const LARGEST_LIST = 500

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += LARGEST_LIST) yield items.slice(from, from + LARGEST_LIST)
}

/**
 * Joins labels that came before their predictions.
 * @param endpointOf the endpoint of a prediction just logged, or `undefined` when the label is none for it
 * @returns how many were joined, by endpoint
 */
export async function joinWaitingLabels(
  tx: Tx,
  ids: readonly string[],
  endpointOf: (id: string, label: string) => string | undefined,
): Promise<Map<string, number>> {
  const joined = new Map<string, number>()
  const db = tables<ServingTables>(tx)
  for (const some of chunksOf(ids)) {
    const labels = await db
      .selectFrom('serving_ground_truth')
      .selectAll()
      .where('prediction_id', 'in', some)
      .where('endpoint', 'is', null)
      .execute()
    for (const { seq, ...label } of labels) {
      const endpoint = endpointOf(label.prediction_id, label.label)
      if (endpoint === undefined) continue
      // Written anew for a new `seq`: readers that follow the joined labels must meet it.
      await db.deleteFrom('serving_ground_truth').where('seq', '=', seq).execute()
      await db
        .insertInto('serving_ground_truth')
        .values({ ...label, endpoint } as ServingTables['serving_ground_truth'])
        .execute()
      joined.set(endpoint, (joined.get(endpoint) ?? 0) + 1)
    }
  }
  return joined
}

export interface LabelsWritten {
  joined: number
  repeated: number
  corrected: number
  unknown: string[]
  refused: { id: string; reason: string }[]
  /** By endpoint, for the totals. */
  readonly byEndpoint: Map<string, { joined: number; repeated: number; corrected: number }>
}

/**
 * Writes labels, each id at most once in `labels`. A label whose prediction is not there waits for it.
 * @param refuse why a label is none for an endpoint, or `undefined`
 */
export async function writeLabels(
  tx: Tx,
  labels: readonly NewLabel[],
  receivedAt: number,
  refuse: (endpoint: string, label: string) => string | undefined,
): Promise<LabelsWritten> {
  const written: LabelsWritten = {
    joined: 0,
    repeated: 0,
    corrected: 0,
    unknown: [],
    refused: [],
    byEndpoint: new Map(),
  }
  const db = tables<ServingTables>(tx)
  for (const some of chunksOf(labels)) {
    const ids = some.map(({ id }) => id)
    const predictions = await db
      .selectFrom('serving_predictions')
      .select(['id', 'endpoint'])
      .where('id', 'in', ids)
      .execute()
    const endpoints = new Map(predictions.map(({ id, endpoint }) => [id, endpoint]))
    if (endpoints.size < some.length)
      for (const [id, endpoint] of await endpointsOfArchived(
        tx,
        ids.filter((id) => !endpoints.has(id)),
      ))
        endpoints.set(id, endpoint)
    const before = await db
      .selectFrom('serving_ground_truth')
      .select(['prediction_id', 'label'])
      .where('prediction_id', 'in', ids)
      .execute()
    const told = new Map(before.map((row) => [row.prediction_id, row.label]))

    const added: Omit<ServingTables['serving_ground_truth'], 'seq'>[] = []
    for (const { id, label, eventTime } of some) {
      const endpoint = endpoints.get(id)
      const reason = endpoint === undefined ? undefined : refuse(endpoint, label)
      if (reason !== undefined) {
        written.refused.push({ id, reason })
        continue
      }
      if (endpoint === undefined) written.unknown.push(id)
      const first = told.get(id)
      if (first === undefined) {
        added.push({
          prediction_id: id,
          endpoint: endpoint ?? null,
          label,
          event_time: eventTime,
          received_at: receivedAt,
          corrections: 0,
        })
        if (endpoint !== undefined) count(written, endpoint, 'joined')
        continue
      }
      if (first === label) {
        count(written, endpoint, 'repeated')
        continue
      }
      await db
        .updateTable('serving_ground_truth')
        .set((e) => ({
          label,
          event_time: eventTime,
          received_at: receivedAt,
          corrections: e('corrections', '+', 1),
        }))
        .where('prediction_id', '=', id)
        .execute()
      count(written, endpoint, 'corrected')
    }
    if (added.length > 0)
      await db
        .insertInto('serving_ground_truth')
        .values(added as ServingTables['serving_ground_truth'][])
        .execute()
  }
  return written
}

function count(written: LabelsWritten, endpoint: string | undefined, what: 'joined' | 'repeated' | 'corrected'): void {
  written[what]++
  if (endpoint === undefined) return
  const totals = written.byEndpoint.get(endpoint) ?? { joined: 0, repeated: 0, corrected: 0 }
  totals[what]++
  written.byEndpoint.set(endpoint, totals)
}

export async function addLabelTotals(tx: Tx, byEndpoint: LabelsWritten['byEndpoint']): Promise<void> {
  for (const [endpoint, { joined, repeated, corrected }] of byEndpoint)
    await tables<ServingTables>(tx)
      .updateTable('serving_totals')
      .set((e) => ({
        labelled: e('labelled', '+', joined),
        repeated: e('repeated', '+', repeated),
        corrected: e('corrected', '+', corrected),
      }))
      .where('endpoint', '=', endpoint)
      .execute()
}

export async function totalsOf(
  storage: Storage,
  endpoint: string,
): Promise<(Totals & { watermark: number }) | undefined> {
  const row = await storage
    .reads<ServingTables>()
    .selectFrom('serving_totals')
    .selectAll()
    .where('endpoint', '=', endpoint)
    .executeTakeFirst()
  return (
    row && {
      predictions: Number(row.predictions),
      labelled: Number(row.labelled),
      repeated: Number(row.repeated),
      corrected: Number(row.corrected),
      watermark: Number(row.watermark),
    }
  )
}

export async function endpointsOfProject(storage: Storage, project: string): Promise<string[]> {
  const rows = await storage
    .reads<ServingTables>()
    .selectFrom('serving_totals')
    .select('endpoint')
    .where('project', '=', project)
    .orderBy('endpoint')
    .execute()
  return rows.map(({ endpoint }) => endpoint)
}

/** Predictions with their labels, still to be ordered and limited. */
export function joinedPredictions(storage: Storage) {
  return storage
    .reads<ServingTables>()
    .selectFrom('serving_predictions as p')
    .leftJoin('serving_ground_truth as t', 't.prediction_id', 'p.id')
    .selectAll('p')
    .select([
      't.seq as joined',
      't.label as truth',
      't.event_time as truth_event_time',
      't.received_at as truth_received_at',
    ])
}

export type JoinedRow = Selectable<ServingTables['serving_predictions']> & {
  joined: number | null
  truth: string | null
  truth_event_time: number | null
  truth_received_at: number | null
}

/** Predictions by id, wherever they are by now. */
export async function predictionsById(
  storage: Storage,
  archive: Pick<Archive, 'byId'>,
  ids: readonly string[],
): Promise<StoredPrediction[]> {
  const found: StoredPrediction[] = []
  for (const some of chunksOf(ids)) {
    const rows = await joinedPredictions(storage).where('p.id', 'in', some).execute()
    found.push(...rows.map(predictionFromRow))
  }
  if (found.length === ids.length) return found
  const here = new Set(found.map(({ id }) => id))
  const archived = await archive.byId(ids.filter((id) => !here.has(id)))
  return archived.length === 0 ? found : [...found, ...(await withTruths(storage, archived)).map(predictionFromRow)]
}

/** Rows of segments with their labels, which stay in the database: they come late, and change. */
export async function withTruths(storage: Storage, rows: readonly LogRow[]): Promise<JoinedRow[]> {
  const truths = new Map<string, ServingTables['serving_ground_truth']>()
  for (const some of chunksOf(rows)) {
    const found = await storage
      .reads<ServingTables>()
      .selectFrom('serving_ground_truth')
      .selectAll()
      .where(
        'prediction_id',
        'in',
        some.map(({ id }) => id),
      )
      .execute()
    for (const truth of found) truths.set(truth.prediction_id, truth)
  }
  return rows.map((row) => {
    const truth = truths.get(row.id)
    return {
      ...row,
      joined: truth?.seq ?? null,
      truth: truth?.label ?? null,
      truth_event_time: truth?.event_time ?? null,
      truth_received_at: truth?.received_at ?? null,
    }
  })
}

export function predictionFromRow(row: JoinedRow): StoredPrediction {
  return {
    seq: row.seq,
    id: row.id,
    endpoint: row.endpoint,
    project: row.project,
    model: row.model,
    version: row.version,
    route: row.route,
    eventTime: row.event_time,
    receivedAt: row.received_at,
    latencyMs: row.latency_us / 1000,
    inputs: decodeJson(row.inputs),
    value: row.value,
    label: row.label,
    probabilities: row.probabilities === null ? null : decodeJson(row.probabilities),
    scores: decodeJson(row.scores),
    weights: decodeJson(row.weights),
    groundTruth:
      row.truth === null
        ? null
        : { label: row.truth, eventTime: row.truth_event_time, receivedAt: row.truth_received_at! },
  }
}

/** Deletes up to `limit` of the oldest predictions received before `before`, with their labels. */
export async function deletePredictions(tx: Tx, endpoint: string, before: number, limit: number): Promise<number> {
  const db = tables<ServingTables>(tx)
  const old = await db
    .selectFrom('serving_predictions')
    .select(['seq', 'id', 'received_at'])
    .where('endpoint', '=', endpoint)
    .orderBy('seq')
    .limit(limit)
    .execute()
  // The order of the log is that of arrival but for moments, so the first young one ends it.
  const young = old.findIndex((row) => row.received_at >= before)
  const gone = young < 0 ? old : old.slice(0, young)
  for (const some of chunksOf(gone)) {
    const ids = some.map(({ id }) => id)
    await db.deleteFrom('serving_ground_truth').where('prediction_id', 'in', ids).execute()
    await db.deleteFrom('serving_predictions').where('id', 'in', ids).execute()
  }
  return gone.length
}

export async function deleteWaitingLabels(tx: Tx, before: number): Promise<void> {
  await tables<ServingTables>(tx)
    .deleteFrom('serving_ground_truth')
    .where('endpoint', 'is', null)
    .where('received_at', '<', before)
    .execute()
}
