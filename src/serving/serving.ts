import { Registry } from 'prom-client'
import type { CompleteRecords } from '#features'
import type { Blobs } from '#platform/blobs'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { LoadMeasurement } from '#registry/contract'
import type { LoadedModel, PredictionRecord } from '#runtime'
import { type AnsweringEndpoint, answeringOf } from './answering.ts'
import type { LoggedPrediction } from './contract.ts'
import { NO_ARCHIVE, openArchive } from './archive/archive.ts'
import {
  type CompactionLimits,
  type CompactionNeeds,
  compact,
  DEFAULT_COMPACTION,
  expireSegments,
} from './archive/compaction.ts'
import { type AskLogNeeds, askLog, exportLog, type LogAnswer } from './archive/ask-log.ts'
import type { EndpointSource } from './endpoint-source.ts'
import { openEndpointStates } from './endpoint-state.ts'
import { EndpointUnknown } from './errors.ts'
import { type Failures, openFailures } from './failures.ts'
import { type FeedbackReply, type Label, recordLabels } from './feedback.ts'
import { openGateway, type PredictReply, type PredictRequest } from './gateway.ts'
import { type InferReply, type InferRequest, inferTensors } from './infer-tensors.ts'
import { openJournaledLog } from './journal/log.ts'
import { type LabelRule, refusalOf } from './label-rule.ts'
import { openPredictionLog, type PredictionLogLimits } from './log.ts'
import { type Load, measureLoad } from './load.ts'
import { registerMetrics } from './metrics.ts'
import { type HumanFeedback, openHumanFeedback } from './human-feedback/feedback.ts'
import { withHeaders } from './header-columns.ts'
import { keptPictures } from './kept-pictures.ts'
import { MODEL_LIMITS, type ModelLimits, type ModelsInMemory, openModels, packageName } from './models.ts'
import { openReads, type PredictionReads } from './reads.ts'
import {
  askAll,
  checkRelease,
  type ReleaseLimits,
  type ReleaseReport,
  type ReleaseRequests,
  requestPath,
} from './release-check.ts'
import type { RecentStats } from './recent.ts'
import { expirePredictions } from './retention.ts'
import { predictionsById } from './store.ts'
import { createPredictionIds } from './prediction-id.ts'
import { tensorRecord } from './tensor-record.ts'
import { createEndpointStats, type EndpointStats, type StatsSnapshot } from './stats.ts'
import type { LogHint } from './write-predictions.ts'

export interface ServingStatus extends StatsSnapshot {
  readonly endpoint: string
  readonly ready: boolean
  /** Why it is not ready. */
  readonly problem: string | undefined
  readonly droppedLogRecords: number
}

export interface Serving {
  /** Answers records; resolves when they are logged. */
  predict(request: PredictRequest): Promise<PredictReply>
  /** An answer with what each column did to it, by the version that answered. */
  withContributions(reply: PredictReply, records: readonly PredictionRecord[]): Promise<PredictReply>
  /** Writes ground truth; resolves when it is durable. */
  feedback(labels: readonly Label[]): Promise<FeedbackReply>
  /** What people say of answers and endpoints. */
  readonly humanFeedback: Omit<HumanFeedback, 'expire'>
  /** The prediction log. */
  readonly reads: PredictionReads
  /** What got no answer. */
  readonly failures: Pick<Failures, 'list' | 'dropped'>
  /** One SELECT over the log of an endpoint. @throws LogQueryRefused */
  ask(endpoint: string, sql: string): Promise<LogAnswer>
  /** The log of an endpoint as one Parquet file, there while `use` runs. */
  exportLog<Result>(endpoint: string, use: (path: string) => Promise<Result>): Promise<Result>
  /**
   * The picture of a prediction with the parts that made the answer, as a PNG; `plain` leaves them out.
   * @throws PredictionUnknown, PictureNotKept
   */
  explanationPng(id: string, plain: boolean): Promise<Buffer>
  /** Whether the picture of a prediction is there to be looked at. */
  keepsPicture(prediction: Pick<LoggedPrediction, 'inputs'>): Promise<boolean>
  /**
   * Brings an endpoint to its traffic of now and resolves when the next request meets it.
   * @throws EndpointUnknown, EndpointNotReady, ModelBroken
   */
  warm(endpoint: string): Promise<void>
  /** Loads the models of every endpoint that exists; failures are logged and shown in `problems`. */
  warmAll(): Promise<void>
  /** Loads a version, so that the traffic it is about to get does not wait. @throws ModelBroken */
  load(model: string, version: number): Promise<void>
  /** Answers tensors, of a model that takes no records: routed and counted, and where they are all it takes, logged. */
  infer(request: InferRequest): Promise<InferReply>
  /** A version by itself, past every roll-out and unlogged, in memory while `use` takes. @throws ModelBroken */
  version<Result>(model: string, version: number, use: (loaded: LoadedModel) => Promise<Result>): Promise<Result>
  endpointNames(): Promise<readonly string[]>
  /** The registered model that an endpoint serves. @throws EndpointUnknown */
  modelOf(endpoint: string): Promise<string>
  /** What answers at an endpoint, or would answer a request of this id. @throws EndpointUnknown, EndpointNotReady */
  answering(endpoint: string, id?: string): Promise<AnsweringEndpoint>
  /** The release checks of a version. @throws ModelBroken */
  checkRelease(
    version: { model: string; version: number } & ReleaseRequests,
    limits?: ReleaseLimits,
  ): Promise<ReleaseReport>
  /** What a version does under a load, outside of any endpoint. @throws ModelBroken */
  measureLoad(
    model: string,
    version: number,
    records: readonly PredictionRecord[],
    load: Load,
  ): Promise<LoadMeasurement>
  /** Asks a version records again, one after another. @throws ModelBroken */
  replay(
    model: string,
    version: number,
    records: readonly PredictionRecord[],
  ): Promise<{ errors: number; firstError: string | undefined }>
  /**
   * Deletes an endpoint's logged predictions, with their labels, that were received before `before`; and labels of that
   * age that never met their prediction. Totals keep counting them. Returns how many predictions went.
   */
  expire(endpoint: string, before: number): Promise<number>
  /**
   * Moves an endpoint's predictions that were received before `before` into Parquet files; whatever is read of the log has them as
   * before. Returns how many were moved.
   */
  compact(endpoint: string, before: number, signal?: AbortSignal): Promise<number>
  /** Answers whose records are not written yet; 0 but for moments in which the database is slow. */
  pendingLogRecords(): number
  status(endpoint: string): ServingStatus
  /** Which models are in memory, where they run and what they take. */
  inMemory(): ModelsInMemory
  /** What an endpoint's versions did since a time, at most in the last hour and since this process began. */
  recent(endpoint: string, from: number, to?: number): RecentStats
  /** The versions that score what the endpoint is asked now: those that answer, and those in the shadow. */
  scoring(endpoint: string): number[]
  /** @throws EndpointUnknown */
  requireEndpoint(name: string): Promise<void>
  /** Endpoints that cannot answer, and why: what makes `/ready` honest. */
  problems(): { endpoint: string; problem: string }[]
  /** The room's metrics, for `/metrics`. */
  readonly metrics: Registry
  /** Writes what waits in the log and frees the models. */
  close(): Promise<void>
}

/** How far each column moved an answer. */
export type Contributions = { feature: string; contribution: number }[] | null

/** Opens the gateway over an endpoint source and the prediction log in `storage`. */
export function openServing({
  storage,
  clock,
  log,
  endpoints: source,
  complete = async (_project, _views, records) => [...records],
  blobs,
  explain = async () => null,
  onLogged = () => {},
  limits,
  runtime,
  archive: archived,
  journal,
}: {
  storage: Storage
  clock: Clock
  log: Logger
  endpoints: EndpointSource
  /** Fills in the features that a record leaves out. */
  complete?: CompleteRecords
  /** Where pictures are kept that a project wants kept; none are without. */
  blobs?: Pick<Blobs, 'put' | 'get' | 'has'> | undefined
  /** What each column of a record did to the answer of a version; null where nothing tells. */
  explain?: (model: string, version: number, inputs: PredictionRecord) => Promise<Contributions>
  /** A hint after predictions or labels became durable; may be missed over a restart, so readers keep cursors. */
  onLogged?: (hint: LogHint) => void
  limits?: PredictionLogLimits
  runtime?: Partial<ModelLimits>
  /**
   * A folder for the newest predictions, where the database is this server's alone: they are appended to a file there before they are
   * moved into their table. Without it they are written into the table at once.
   */
  journal?: string | undefined
  /** Where old predictions go; they stay in their table without. */
  archive?: { readonly blobs: Blobs; readonly work: string; readonly limits?: CompactionLimits }
}): Serving {
  const archive = archived ? openArchive({ storage, blobs: archived.blobs }) : NO_ARCHIVE
  const compaction: CompactionNeeds | undefined = archived && {
    ...{ storage, clock, archive, blobs: archived.blobs, work: archived.work },
    limits: archived.limits ?? DEFAULT_COMPACTION,
  }
  const models = openModels({ source, log, limits: { ...MODEL_LIMITS, ...runtime } })
  const states = openEndpointStates({ source, models, log })
  const stats = new Map<string, EndpointStats>()
  const statsOf = (endpoint: string) => {
    let one = stats.get(endpoint)
    if (!one) {
      one = createEndpointStats(() => clock.now())
      stats.set(endpoint, one)
    }
    return one
  }
  const ruleOf = (endpoint: string): LabelRule | undefined => {
    const signature = states.current(endpoint)?.champion.signature
    return signature && { task: signature.task, classes: signature.classes }
  }
  const refuseLabel = (endpoint: string, label: string) => refusalOf(ruleOf(endpoint), label)
  const database = storage.otherThread
  const logNeeds = { log, onLogged, ...(limits && { limits }) }
  const predictions =
    journal !== undefined && database
      ? openJournaledLog({ ...logNeeds, folder: journal, database, ruleOf })
      : openPredictionLog({ ...logNeeds, storage, refuseLabel })
  const failures = openFailures({ storage, log })
  const askable = (): AskLogNeeds => {
    if (!archived) throw new Error('this server was opened without a place for files')
    return { storage, archive, blobs: archived.blobs, work: archived.work }
  }
  const newId = createPredictionIds()
  let borrowed = 0
  /** A model outside of any endpoint, in memory for as long as `use` takes. */
  async function held<Result>(model: string, version: number, use: (loaded: LoadedModel) => Promise<Result>) {
    const owner = `borrowed ${++borrowed}`
    models.hold(owner, [packageName(model, version)])
    try {
      return await use(await models.get(model, version))
    } finally {
      models.hold(owner, [])
    }
  }
  const reads = openReads(storage, archive, predictions.settle)
  const pictures = keptPictures({ blobs, log, reads, models })
  const gateway = openGateway({
    ...{ clock, states, log: predictions, statsOf, complete },
    find: async (ids) => {
      await predictions.recovered
      return predictionsById(storage, archive, ids)
    },
    keepPicture: pictures.keep,
  })
  const humanFeedback = openHumanFeedback({
    ...{ storage, clock },
    find: async (ids) => {
      await predictions.settle()
      return predictionsById(storage, archive, ids)
    },
    policyOf: async (name) => {
      const endpoint = await source.endpoint(name)
      return endpoint && (endpoint.log ?? 'everything')
    },
    endpointNames: () => source.names(),
    refuseValue: refuseLabel,
  })
  const metrics = new Registry()
  const read = () =>
    [...stats].map(([endpoint, one]) => ({
      endpoint,
      stats: one.snapshot(clock.now()),
      dropped: predictions.dropped(endpoint),
    }))
  const { observe } = registerMetrics(metrics, read, models.inMemory)

  return {
    predict: async (request) => {
      const started = performance.now()
      try {
        const state = states.current(request.endpoint) ?? (await states.ready(request.endpoint))
        const reply = await gateway.predict(withHeaders(request, state))
        observe(request.endpoint, (performance.now() - started) / 1000)
        return reply
      } catch (error) {
        const latencyUs = Math.round((performance.now() - started) * 1000)
        // Names that callers make up are nobody's requests.
        const { endpoint } = states.current(request.endpoint) ?? {}
        if (endpoint) failures.note(request, error, clock.now(), latencyUs, endpoint.log)
        throw error
      }
    },
    withContributions: async (reply, records) => {
      const predictions: PredictReply['predictions'] = []
      // One after the other: each asks the model thousands of rows.
      for (const [r, prediction] of reply.predictions.entries()) {
        // With the features that were filled in, where it is logged by now.
        const inputs = (await reads.prediction(prediction.id))?.inputs ?? records[r]!
        const contributions = await explain(reply.model, prediction.version, { ...records[r]!, ...inputs })
        predictions.push({ ...prediction, contributions })
      }
      return { ...reply, predictions }
    },
    feedback: (labels) => recordLabels({ storage, clock, log: predictions, labels, refuseLabel, onLogged }),
    humanFeedback,
    reads,
    failures,
    ask: async (endpoint, sql) => {
      await predictions.settle()
      return askLog(askable(), endpoint, sql)
    },
    exportLog: async (endpoint, use) => {
      await predictions.settle()
      return exportLog(askable(), endpoint, use)
    },
    explanationPng: pictures.explanation,
    keepsPicture: pictures.keeps,
    warm: async (endpoint) => void (await states.refresh(endpoint)),
    warmAll: async () => {
      // What a crash left in files is read before anybody is answered.
      await predictions.recovered
      const names = await source.names()
      const loads = await Promise.allSettled(names.map((name) => states.refresh(name)))
      loads.forEach((load, i) => {
        if (load.status === 'rejected') log.warn({ err: load.reason, endpoint: names[i] }, 'endpoint is not ready')
      })
    },
    load: async (model, version) => void (await models.get(model, version)),
    infer: async (request) => {
      const started = performance.now()
      try {
        const reply = await inferTensors(request, { states, statsOf, log: predictions, clock, newId })
        observe(request.endpoint, (performance.now() - started) / 1000)
        return reply
      } catch (error) {
        const latencyUs = Math.round((performance.now() - started) * 1000)
        const { endpoint } = states.current(request.endpoint) ?? {}
        const { endpoint: name, feeds, id: requestId } = request
        const records = [tensorRecord({ feeds, outputs: {}, requestId: undefined }, endpoint?.log)]
        if (endpoint) failures.note({ endpoint: name, records, requestId }, error, clock.now(), latencyUs, endpoint.log)
        throw error
      }
    },
    version: held,
    endpointNames: () => source.names(),
    modelOf: async (name) => {
      const endpoint = await source.endpoint(name)
      if (!endpoint) throw new EndpointUnknown(name, await source.names())
      return endpoint.model
    },
    answering: async (endpoint, id) => answeringOf(states.current(endpoint) ?? (await states.ready(endpoint)), id),
    checkRelease: async ({ model, version, ...requests }, releaseLimits) => {
      const before = process.memoryUsage.rss()
      return held(model, version, (loaded) => checkRelease(loaded, requests, releaseLimits, before))
    },
    measureLoad: (model, version, records, load) => {
      const before = process.memoryUsage.rss()
      return held(model, version, (loaded) => measureLoad(requestPath(loaded), records, load, before))
    },
    replay: (model, version, records) =>
      held(model, version, (loaded) => askAll(loaded, requestPath(loaded), { records })),
    expire: async (endpoint, before) => {
      await predictions.settle()
      await failures.expire(endpoint, before)
      await humanFeedback.expire(endpoint, before)
      return (
        (compaction ? await expireSegments(compaction, endpoint, before) : 0) +
        (await expirePredictions(storage, endpoint, before))
      )
    },
    compact: async (endpoint, before, signal) => {
      await predictions.settle()
      return compaction ? compact(compaction, endpoint, before, signal) : 0
    },
    pendingLogRecords: () => predictions.pending(),
    inMemory: models.inMemory,
    status: (endpoint) => ({
      endpoint,
      ready: states.current(endpoint) !== undefined && states.problem(endpoint) === undefined,
      problem: states.problem(endpoint),
      droppedLogRecords: predictions.dropped(endpoint),
      // Not `statsOf`: asking after a name that nobody serves must not take memory.
      ...(stats.get(endpoint) ?? createEndpointStats(() => clock.now())).snapshot(clock.now()),
    }),
    recent: (endpoint, from, to) => (stats.get(endpoint) ?? createEndpointStats(() => clock.now())).since(from, to),
    scoring: (endpoint) => [...(states.current(endpoint)?.scoring.keys() ?? [])],
    requireEndpoint: async (name) => {
      if (!(await source.endpoint(name))) throw new EndpointUnknown(name, await source.names())
    },
    problems: () => states.problems(),
    metrics,
    close: async () => {
      states.close()
      await failures.close()
      await predictions.close()
      await models.close()
    },
  }
}
