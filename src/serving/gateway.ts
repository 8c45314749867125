import type { Clock } from '#platform/time'
import { encodeJson, type Storage } from '#platform/storage'
import { type Batcher, createBatcher } from './batcher.ts'
import type { Prediction } from './contract.ts'
import type { LogPolicy } from './endpoint-source.ts'
import type { EndpointStates, ReadyEndpoint } from './endpoint-state.ts'
import { ModelFailed, PredictionIdsInvalid, PredictionIdTaken, RecordInvalid } from './errors.ts'
import { eventTimeOf } from './event-time.ts'
import type { PredictionLog } from './log.ts'
import type { PredictionRecord } from './records.ts'
import { createPredictionIds } from './prediction-id.ts'
import { combine, isOnCanary, type Route, unitHash } from './router.ts'
import { type BatchScores, labelOf, mostLikely, scoreBlocks } from './score.ts'
import type { EndpointStats } from './stats.ts'
import { type NewPrediction, predictionsById, type StoredPrediction } from './store.ts'

export interface PredictRequest {
  readonly endpoint: string
  readonly records: readonly PredictionRecord[]
  /** The caller's own prediction ids, one per record: the same id again is answered from the log. */
  readonly ids?: readonly string[] | undefined
  /**
   * The caller's name for the request: a repetition of it, with the same records, is answered from the log. Without
   * `ids` it gives the prediction its id, or with several records `<name>.0`, `<name>.1` and so on.
   */
  readonly requestId?: string | undefined
}

export interface PredictReply {
  readonly model: string
  readonly predictions: Prediction[]
}

export interface Gateway {
  /** @throws EndpointUnknown, EndpointNotReady, RecordInvalid, PredictionIdsInvalid, PredictionIdTaken, ModelFailed */
  predict(request: PredictRequest): Promise<PredictReply>
}

/** Rows of one run: larger requests go in blocks, so that others get their turn in between. */
const MOST_ROWS_PER_RUN = 256

interface Block {
  readonly ids: readonly string[]
  readonly records: readonly PredictionRecord[]
  readonly firstIndex: number
}

/** One record's answer before it has a place in the log. */
interface Scored {
  readonly model: string
  readonly project: string
  readonly route: Route
  readonly version: number
  readonly answer: Float64Array
  readonly label: string | null
  readonly scores: string
  readonly weights: string
}

export function openGateway({
  storage,
  clock,
  states,
  log,
  statsOf,
}: {
  storage: Storage
  clock: Clock
  states: EndpointStates
  log: PredictionLog
  statsOf: (endpoint: string) => EndpointStats
}): Gateway {
  const newId = createPredictionIds()
  const batchers = new Map<string, Batcher<Block, Scored[]>>()
  /** Requests under way by the ids their callers chose. */
  const claimed = new Map<string, Promise<unknown>>()

  function batcherOf(endpoint: string): Batcher<Block, Scored[]> {
    let batcher = batchers.get(endpoint)
    if (!batcher) {
      batcher = createBatcher<Block, Scored[]>({
        run: (blocks) => scoreBatch(endpoint, blocks),
        weight: (block) => block.records.length,
        limit: MOST_ROWS_PER_RUN,
      })
      batchers.set(endpoint, batcher)
    }
    return batcher
  }

  async function scoreBatch(endpoint: string, blocks: readonly Block[]): Promise<(Scored[] | Error)[]> {
    // The endpoint as it is at this moment: a change of traffic takes effect with the next batch.
    const state = states.current(endpoint) ?? (await states.ready(endpoint))
    const batch = await scoreBlocks(blocks, state.scoring, state.champion)
    const stats = statsOf(endpoint)
    for (const [version, { rows }] of batch.failures) stats.versionFailed(version, rows)
    return blocks.map((block, b) => {
      const offset = batch.blocks[b]!
      if (typeof offset !== 'number') return offset
      const scored = new Array<Scored>(block.ids.length)
      for (let r = 0; r < block.ids.length; r++) {
        const one = answerRow(state, batch, offset + r, block.ids[r]!)
        if (one instanceof Error) return one
        scored[r] = one
      }
      return scored
    })
  }

  async function predict(request: PredictRequest): Promise<PredictReply> {
    const started = performance.now()
    const receivedAt = clock.now()
    try {
      const { records, ids } = request
      if (ids) {
        checkIds(ids, records.length)
        return await answerOnce(request, ids, started, receivedAt)
      }
      const named = namedIds(request.requestId, records.length)
      if (named && !(await isAnotherRequest(named, records)))
        return await answerOnce(request, named, started, receivedAt)
      return await answer(request, records, newIds(records.length), started, receivedAt)
    } catch (error) {
      // Counted for endpoints that exist only: names that callers make up must not take memory.
      if (error instanceof RecordInvalid) statsOf(request.endpoint).refused()
      else if (isOurFault(error)) statsOf(request.endpoint).failed(request.records.length)
      throw error
    }
  }

  /** Ids of the caller: each is answered once, whoever asks however often, also while the first is under way. */
  async function answerOnce(
    request: PredictRequest,
    ids: readonly string[],
    started: number,
    receivedAt: number,
  ): Promise<PredictReply> {
    const firstPlace = new Map<string, number>()
    ids.forEach((id, place) => {
      if (!firstPlace.has(id)) firstPlace.set(id, place)
    })
    const wanted = [...firstPlace.keys()]
    for (;;) {
      const busy = wanted.map((id) => claimed.get(id)).filter((claim) => claim !== undefined)
      if (busy.length === 0) break
      await Promise.allSettled(busy)
    }
    const { promise: done, resolve: release } = Promise.withResolvers<void>()
    for (const id of wanted) claimed.set(id, done)
    try {
      const state = await states.ready(request.endpoint)
      const known = await loggedAnswers(state, wanted)
      const places = wanted.filter((id) => !known.has(id)).map((id) => firstPlace.get(id)!)
      if (places.length > 0) {
        const fresh = await answer(
          request,
          places.map((place) => request.records[place]!),
          places.map((place) => ids[place]!),
          started,
          receivedAt,
          places.length === ids.length ? undefined : places,
        )
        for (const prediction of fresh.predictions) known.set(prediction.id, prediction)
      }
      return { model: state.endpoint.model, predictions: ids.map((id) => known.get(id)!) }
    } finally {
      for (const id of wanted) claimed.delete(id)
      release()
    }
  }

  /** Some callers send one request id for everything; they must not get the first answer for ever. */
  async function isAnotherRequest(ids: readonly string[], records: readonly PredictionRecord[]): Promise<boolean> {
    for (const { id, inputs } of await predictionsById(storage, ids)) {
      const record = records[ids.indexOf(id)]!
      // What is redacted is not in the log and proves nothing.
      if (Object.entries(inputs).some(([column, value]) => record[column] !== value)) return true
    }
    return false
  }

  async function loggedAnswers(state: ReadyEndpoint, ids: readonly string[]): Promise<Map<string, Prediction>> {
    const known = new Map<string, Prediction>()
    const take = (
      prediction: Pick<StoredPrediction, 'id' | 'endpoint' | 'value' | 'label' | 'version'>,
      probabilities: Record<string, number> | null,
    ) => {
      if (prediction.endpoint !== state.name) throw new PredictionIdTaken(prediction.id, prediction.endpoint)
      known.set(prediction.id, loggedAnswer(state, prediction, probabilities))
    }
    for (const prediction of await predictionsById(storage, ids)) take(prediction, prediction.probabilities)
    for (const id of ids) {
      const waiting = known.has(id) ? undefined : log.waiting(id)
      if (waiting) take(waiting, waiting.probabilities === null ? null : JSON.parse(waiting.probabilities))
    }
    return known
  }

  /** @param places the numbers of `records` in their request, when they are not all of it */
  async function answer(
    { endpoint }: PredictRequest,
    records: readonly PredictionRecord[],
    ids: readonly string[],
    started: number,
    receivedAt: number,
    places?: readonly number[],
  ): Promise<PredictReply> {
    const state = states.current(endpoint) ?? (await states.ready(endpoint))
    const times = records.map((record, r) => eventTimeOf(record, state.endpoint.time, receivedAt, places?.[r] ?? r))
    const scored = await scoreAll(endpoint, records, ids, places)
    const latencyUs = Math.round((performance.now() - started) * 1000)

    const { signature } = state.champion
    const policy = state.endpoint.log
    const entries: NewPrediction[] = []
    const predictions = new Array<Prediction>(records.length)
    for (let r = 0; r < records.length; r++) {
      const { answer: outputs, label, version, route, scores, weights, model, project } = scored[r]!
      const probabilities = probabilitiesOf(signature.task, signature.classes, outputs)
      const value = valueIn(signature.task, outputs)
      if (isLogged(ids[r]!, policy))
        entries.push({
          id: ids[r]!,
          endpoint,
          project,
          model,
          version,
          route,
          eventTime: times[r]!,
          receivedAt,
          latencyUs,
          inputs: encodeJson(redacted(records[r]!, policy)),
          value,
          label,
          probabilities: signature.task === 'multiclass' ? encodeJson(probabilities) : null,
          scores,
          weights,
        })
      predictions[r] = { id: ids[r]!, value, label, probabilities, version }
    }
    const others = entries.length > 0 ? await log.append(entries) : NO_OTHERS
    countServed(statsOf(endpoint), scored, latencyUs)
    if (others.size > 0)
      for (let r = 0; r < predictions.length; r++) {
        const other = others.get(predictions[r]!.id)
        if (other) predictions[r] = loggedAnswer(state, other, other.probabilities)
      }
    return { model: state.endpoint.model, predictions }
  }

  async function scoreAll(
    endpoint: string,
    records: readonly PredictionRecord[],
    ids: readonly string[],
    places: readonly number[] | undefined,
  ): Promise<readonly Scored[]> {
    const batcher = batcherOf(endpoint)
    const block = (from: number, to: number): Block => ({
      records: records.slice(from, to),
      ids: ids.slice(from, to),
      firstIndex: places?.[from] ?? from,
    })
    if (records.length <= MOST_ROWS_PER_RUN && !places) return batcher.add({ records, ids, firstIndex: 0 })
    const scored: Scored[] = []
    // One block after the other, so that a large request does not stand before everybody else's.
    for (let from = 0; from < records.length; from += MOST_ROWS_PER_RUN) {
      const to = Math.min(from + MOST_ROWS_PER_RUN, records.length)
      if (!places) scored.push(...(await batcher.add(block(from, to))))
      else {
        // Not all of their request: each goes under its own number, for the message that may have to name it.
        const alone = Array.from({ length: to - from }, (_, i) => batcher.add(block(from + i, from + i + 1)))
        for (const one of await Promise.all(alone)) scored.push(...one)
      }
    }
    return scored
  }

  function newIds(count: number): string[] {
    const ids = new Array<string>(count)
    for (let i = 0; i < count; i++) ids[i] = newId()
    return ids
  }

  return { predict }
}

const NO_OTHERS: ReadonlyMap<string, StoredPrediction> = new Map()

/** By another hash than the canary's, or a sample of 10 % would be the canary's own tenth. */
function isLogged(id: string, policy: LogPolicy | undefined): boolean {
  return !policy || policy.sample >= 1 || unitHash(`log ${id}`) < policy.sample
}

function redacted(record: PredictionRecord, policy: LogPolicy | undefined): PredictionRecord {
  if (!policy || policy.redact.length === 0) return record
  return Object.fromEntries(Object.entries(record).filter(([column]) => !policy.redact.includes(column)))
}

/** The answer of one row by the arm its id falls to; when the canary has none, by the stable one. */
function answerRow(state: ReadyEndpoint, batch: BatchScores, row: number, id: string): Scored | Error {
  const { champion, endpoint, stable, canary } = state
  const { outputs, signature } = champion
  const scoreOf = (version: number, k: number) => batch.byVersion.get(version)?.[row * outputs + k] ?? Number.NaN
  let arm = canary && isOnCanary(id, endpoint.traffic.canary!.share) ? canary : stable
  let answer = combine(arm.members, outputs, scoreOf)
  if (!answer && arm === canary) {
    arm = stable
    answer = combine(arm.members, outputs, scoreOf)
  }
  if (!answer) {
    const failure = arm.members.map(({ version }) => batch.failures.get(version)).find((one) => one !== undefined)
    const { error } = failure ?? { error: undefined }
    return error instanceof Error ? error : new ModelFailed(champion.name, 'it gave no number')
  }
  const output = signature.task === 'multiclass' ? mostLikely(answer) : 0
  return {
    model: endpoint.model,
    project: endpoint.project,
    route: arm.route,
    version: arm.champion,
    answer,
    label: labelOf(signature, answer),
    scores: scoresJson(state.scoring.keys(), (version) => scoreOf(version, output)),
    weights: arm.weights,
  }
}

/** By hand, because numbers and version numbers need no escaping and this runs for every answer. */
function scoresJson(versions: Iterable<number>, scoreOf: (version: number) => number): string {
  let json = ''
  for (const version of versions) {
    const score = scoreOf(version)
    if (Number.isFinite(score)) json += `${json ? ',' : ''}"${version}":${score}`
  }
  return `{${json}}`
}

/** P(positive) of a binary answer, P(its label) of a multiclass one, the number of a regression. */
function valueIn(task: ReadyEndpoint['champion']['signature']['task'], answer: Float64Array): number {
  return task === 'multiclass' ? answer[mostLikely(answer)]! : answer[0]!
}

function probabilitiesOf(
  task: ReadyEndpoint['champion']['signature']['task'],
  classes: readonly string[],
  answer: ArrayLike<number>,
): Record<string, number> | null {
  if (task === 'regression') return null
  if (task === 'binary') return { [classes[0]!]: 1 - answer[0]!, [classes[1]!]: answer[0]! }
  return Object.fromEntries(classes.map((name, k) => [name, answer[k]!]))
}

function loggedAnswer(
  { champion }: ReadyEndpoint,
  { id, value, label, version }: Pick<StoredPrediction, 'id' | 'value' | 'label' | 'version'>,
  probabilities: Record<string, number> | null,
): Prediction {
  const { task, classes } = champion.signature
  return {
    id,
    value,
    label,
    probabilities: probabilities ?? (task === 'binary' ? probabilitiesOf(task, classes, [value]) : null),
    version,
  }
}

function countServed(stats: EndpointStats, scored: readonly Scored[], latencyUs: number): void {
  let from = 0
  for (let r = 1; r <= scored.length; r++) {
    const { version, route } = scored[from]!
    if (r < scored.length && scored[r]!.version === version && scored[r]!.route === route) continue
    stats.served(version, route, r - from, latencyUs)
    from = r
  }
}

const LONGEST_ID = 200

/** Ids from the name of a request; leaves room for the number of the record. */
function namedIds(requestId: string | undefined, records: number): string[] | undefined {
  if (requestId === undefined || requestId.length === 0 || requestId.length > LONGEST_ID - 10) return undefined
  return records === 1 ? [requestId] : Array.from({ length: records }, (_, r) => `${requestId}.${r}`)
}

function checkIds(ids: readonly string[], records: number): void {
  if (ids.length !== records) throw new PredictionIdsInvalid(`There are ${ids.length} ids for ${records} records.`)
  const bad = ids.findIndex((id) => id.length === 0 || id.length > LONGEST_ID)
  if (bad >= 0) throw new PredictionIdsInvalid(`Id ${bad} has ${ids[bad]!.length} characters.`)
}

function isOurFault(error: unknown): boolean {
  const { status } = error as { status?: number }
  return status === undefined || status >= 500
}
