import type { CompleteRecords } from '#features'
import { encodeJson } from '#platform/storage'
import type { Clock } from '#platform/time'
import { PICTURE, type PredictionRecord, RecordInvalid, type SeenPicture } from '#runtime'
import { answerRow, armOf, isEmbedding, loggedAnswer, type Scored } from './answer.ts'
import { type Batcher, createBatcher } from './batcher.ts'
import { createClaims } from './claims.ts'
import type { Prediction } from './contract.ts'
import type { EndpointStates, ReadyEndpoint } from './endpoint-state.ts'
import { EndpointBusy, NotOfPictures, PredictionIdsInvalid, PredictionIdTaken, TooManyRequests } from './errors.ts'
import { eventTimeOf } from './event-time.ts'
import { asExplanation, occlusionMap } from './explain-picture.ts'
import type { PredictionLog } from './log.ts'
import { isLogged, isPictureKept, redacted } from './log-policy.ts'
import { readPictures } from './pictures.ts'
import { createPredictionIds } from './prediction-id.ts'
import { createRates } from './rate.ts'
import { type Arm, isStickyColumn, stickyColumn, stickyKey } from './router.ts'
import { type Scoring, startScoring } from './score.ts'
import type { EndpointStats } from './stats.ts'
import type { NewPrediction, StoredPrediction } from './store.ts'

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
  /** A header of the request, for endpoints that keep arms of an experiment by one. */
  readonly header?: ((name: string) => string | undefined) | undefined
  /** The bytes of each record's picture, for a model of pictures. */
  readonly files?: readonly Uint8Array[] | undefined
  /** Wants to know which part of a picture made the answer. */
  readonly explain?: 'occlusion' | undefined
}

export interface PredictReply {
  readonly model: string
  readonly predictions: Prediction[]
}

interface CompletedRequest extends PredictRequest {
  /** The records as the caller sent them. */
  readonly asked: readonly PredictionRecord[]
}

export interface Gateway {
  /** @throws TooManyRequests, EndpointUnknown, EndpointNotReady, RecordInvalid, PredictionIdsInvalid, PredictionIdTaken, ModelFailed */
  predict(request: PredictRequest): Promise<PredictReply>
}

/** Rows of one run: larger requests go in blocks, so that others get their turn in between. */
const MOST_ROWS_PER_RUN = 256
/** What a run may take: of the JS thread, where everything else waits for it; of a process, where its own requests do. */
const LONGEST_RUN_US = { inline: 8_000, process: 2_000_000 }
/** More than are answered in a second or two: who comes then is better told to come later. */
const MOST_ROWS_WAITING = 50_000

/** As many rows as the slowest of the models answers in good time, taking what one row took for each. */
function rowsPerRun(state: ReadyEndpoint | undefined): number {
  let rows = MOST_ROWS_PER_RUN
  for (const { graph } of state?.scoring.values() ?? [])
    if (graph.microseconds) rows = Math.min(rows, Math.floor(LONGEST_RUN_US[graph.placement] / graph.microseconds))
  return Math.max(1, rows)
}

interface Block {
  readonly ids: readonly string[]
  readonly records: readonly PredictionRecord[]
  readonly firstIndex: number
  readonly header: PredictRequest['header']
}

export function openGateway({
  find,
  clock,
  states,
  log,
  statsOf,
  complete,
  keepPicture,
}: {
  /** Logged predictions by id. */
  find: (ids: readonly string[]) => Promise<StoredPrediction[]>
  clock: Clock
  states: EndpointStates
  log: PredictionLog
  statsOf: (endpoint: string) => EndpointStats
  complete: CompleteRecords
  /** Keeps a picture's bytes under their hash. Never fails: what could not be kept is its own to tell. */
  keepPicture: (bytes: Uint8Array) => Promise<void>
}): Gateway {
  const newId = createPredictionIds()
  const batchers = new Map<string, Batcher<Block, Scored[]>>()
  const claims = createClaims()
  const rates = createRates(() => performance.now())

  function batcherOf(endpoint: string): Batcher<Block, Scored[]> {
    let batcher = batchers.get(endpoint)
    if (!batcher) {
      batcher = createBatcher<Block, Scored[]>({
        run: (blocks) => scoreBatch(endpoint, blocks),
        weight: (block) => block.records.length,
        limit: () => rowsPerRun(states.current(endpoint)),
        mostWaiting: MOST_ROWS_WAITING,
        refuse: (waiting) => new EndpointBusy(endpoint, waiting),
      })
      batchers.set(endpoint, batcher)
    }
    return batcher
  }

  async function scoreBatch(
    endpoint: string,
    blocks: readonly Block[],
  ): Promise<(Scored[] | Error | Promise<Scored[]>)[]> {
    // The endpoint as it is at this moment: a change of traffic takes effect with the next batch.
    const state = states.current(endpoint) ?? (await states.ready(endpoint))
    const scoring = startScoring(blocks, state.scoring, state.champion, statsOf(endpoint))
    // Who is only compared, or answers others, may hang in its process; here it would hold up everybody.
    await Promise.all(scoring.unsettled(heldUpBy(state)))
    return blocks.map((block, b) => {
      const offset = scoring.scores.blocks[b]!
      if (typeof offset !== 'number') return offset
      const arms = block.records.map((record, r) =>
        armOf(state, stickyKey(state.endpoint.traffic, record, block.header) ?? block.ids[r]!),
      )
      const answers = () => answerRows(state, scoring, offset, arms)
      const canary = arms.find((arm) => arm !== state.stable)
      const slow = canary ? scoring.unsettled(canary.members.map(({ version }) => version)) : []
      return slow.length === 0 ? answers() : Promise.all(slow).then(() => orThrow(answers()))
    })
  }

  /** With the features that the caller left out; what was asked stays beside it. */
  async function completed(request: PredictRequest): Promise<CompletedRequest> {
    const { endpoint, champion, scoring } = states.current(request.endpoint) ?? (await states.ready(request.endpoint))
    if (champion.signature.image) {
      const records = await readPictures([champion, ...scoring.values()], request.records, request.files)
      return { ...request, records, asked: records }
    }
    if (request.files || request.explain) throw new NotOfPictures(request.endpoint)
    const { project, features = [] } = endpoint
    if (features.length === 0) return { ...request, asked: request.records }
    return { ...request, records: await complete(project, features, request.records), asked: request.records }
  }

  async function predict(asked: PredictRequest): Promise<PredictReply> {
    const started = performance.now()
    const receivedAt = clock.now()
    const most = states.current(asked.endpoint)?.endpoint.requestsPerSecond
    if (most !== undefined && !rates.take(asked.endpoint, most)) throw new TooManyRequests(asked.endpoint, most)
    try {
      const request = await completed(asked)
      const { records, ids } = request
      if (ids) checkIds(ids, records.length)
      const chosen = ids ?? namedIds(request.requestId, records.length)
      const reply = chosen
        ? await answerOnce(request, chosen, started, receivedAt)
        : await answer(request, records, newIds(records.length), started, receivedAt)
      return request.explain ? await explained(request, reply) : reply
    } catch (error) {
      // Counted for endpoints that exist only: names that callers make up must not take memory.
      if (error instanceof RecordInvalid) statsOf(asked.endpoint).refused()
      else if (isOurFault(error)) statsOf(asked.endpoint).failed(asked.records.length)
      throw error
    }
  }

  /** Ids of the caller: each is answered once, whoever asks however often, also while the first is under way. */
  async function answerOnce(
    request: CompletedRequest,
    ids: readonly string[],
    started: number,
    receivedAt: number,
  ): Promise<PredictReply> {
    const firstPlace = new Map<string, number>()
    ids.forEach((id, place) => {
      if (!firstPlace.has(id)) firstPlace.set(id, place)
    })
    const wanted = [...firstPlace.keys()]
    const state = await states.ready(request.endpoint)
    const release = await claims.take(wanted)
    try {
      const logged = await loggedUnder(wanted)
      const another = logged.find((one) => {
        const place = firstPlace.get(one.id)!
        return isAnother(one, state.name, request.asked[place]!, request.records[place]!)
      })
      // Some callers send one request id for everything; they must not get the first answer for ever.
      if (another && !request.ids)
        return await answer(request, request.records, newIds(ids.length), started, receivedAt)
      const elsewhere = logged.find(({ endpoint }) => endpoint !== state.name)
      if (elsewhere) throw new PredictionIdTaken(elsewhere.id, elsewhere.endpoint)

      const known = new Map(logged.map((one) => [one.id, loggedAnswer(state.champion.signature, one)]))
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
      release()
    }
  }

  /** The answers with the parts of their pictures that made them, by the version that answered. */
  async function explained({ endpoint, records }: CompletedRequest, reply: PredictReply): Promise<PredictReply> {
    const { champion, scoring } = await states.ready(endpoint)
    const predictions: Prediction[] = []
    // One after the other: each asks the model a hundred times, and others want their turn.
    for (const [r, prediction] of reply.predictions.entries()) {
      const model = scoring.get(prediction.version) ?? champion
      const pixels = records[r]![PICTURE]!.at(model.signature.image!)
      const map = pixels && (await occlusionMap(model, pixels, prediction.label))
      predictions.push({ ...prediction, ...(map && { explanation: asExplanation(map) }) })
    }
    return { ...reply, predictions }
  }

  /** What is logged under these ids, or waits to be. */
  async function loggedUnder(ids: readonly string[]): Promise<LoggedBefore[]> {
    // Those that wait first: whatever is moved into the table meanwhile is found there.
    const waiting = await log.waiting(ids)
    const logged: LoggedBefore[] = waiting.map(({ inputs, probabilities, ...record }) => ({
      ...record,
      inputs: JSON.parse(inputs),
      probabilities: probabilities === null ? null : JSON.parse(probabilities),
    }))
    const found = new Set(logged.map(({ id }) => id))
    const others = ids.filter((id) => !found.has(id))
    if (others.length > 0) logged.push(...(await find(others)))
    return logged
  }

  /** @param places the numbers of `records` in their request, when they are not all of it */
  async function answer(
    { endpoint, header, explain }: PredictRequest,
    records: readonly PredictionRecord[],
    ids: readonly string[],
    started: number,
    receivedAt: number,
    places?: readonly number[],
  ): Promise<PredictReply> {
    const state = states.current(endpoint) ?? (await states.ready(endpoint))
    const times = records.map((record, r) => eventTimeOf(record, state.endpoint.time, receivedAt, places?.[r] ?? r))
    const scored = await scoreAll(endpoint, records, ids, places, header)
    const latencyUs = Math.round((performance.now() - started) * 1000)

    const { task } = state.champion.signature
    const policy = state.endpoint.log
    const key = stickyColumn(state.endpoint.traffic, header)
    const entries: NewPrediction[] = []
    const kept: SeenPicture[] = []
    const lates: { id: string; late: Promise<string> }[] = []
    const predictions = new Array<Prediction>(records.length)
    for (let r = 0; r < records.length; r++) {
      const id = ids[r]!
      const { value, label, probabilities, embedding, late, ...logged } = scored[r]!
      if (isLogged(id, policy)) {
        const record = embedding || key ? { ...records[r]!, ...embedding, ...key } : records[r]!
        entries.push({
          ...logged,
          id,
          endpoint,
          eventTime: times[r]!,
          receivedAt,
          latencyUs,
          inputs: encodeJson(redacted(record, policy)),
          value,
          label,
          probabilities: task === 'multiclass' ? encodeJson(probabilities) : null,
        })
        if (late) lates.push({ id, late })
        // Who asks why wants to look at it later, too.
        const picture = record[PICTURE]
        const wanted = explain !== undefined && !policy?.redact.includes('picture')
        if (picture && (wanted || isPictureKept(id, policy))) kept.push(picture)
      }
      predictions[r] = { id, value, label, probabilities, version: logged.version }
    }
    if (kept.length > 0) await Promise.all(kept.map(({ bytes }) => keepPicture(bytes)))
    const logged = entries.length > 0 ? log.append(entries) : NO_OTHERS
    for (const { id, late } of lates) void late.then((scores) => log.amend(id, scores))
    const others = await logged
    countServed(statsOf(endpoint), scored, latencyUs)
    if (others.size > 0)
      for (let r = 0; r < predictions.length; r++) {
        const other = others.get(predictions[r]!.id)
        if (other) predictions[r] = loggedAnswer(state.champion.signature, other)
      }
    return { model: state.endpoint.model, predictions }
  }

  async function scoreAll(
    endpoint: string,
    records: readonly PredictionRecord[],
    ids: readonly string[],
    places: readonly number[] | undefined,
    header: PredictRequest['header'],
  ): Promise<readonly Scored[]> {
    const batcher = batcherOf(endpoint)
    const block = (from: number, to: number): Block => ({
      records: records.slice(from, to),
      ids: ids.slice(from, to),
      firstIndex: places?.[from] ?? from,
      header,
    })
    const most = rowsPerRun(states.current(endpoint))
    if (records.length <= most && !places) return batcher.add({ records, ids, firstIndex: 0, header })
    const scored: Scored[] = []
    // One block after the other, so that a large request does not stand before everybody else's.
    for (let from = 0; from < records.length; from += most) {
      const to = Math.min(from + most, records.length)
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

/** The versions without which nobody is answered, and those that are through as soon as they are asked. */
function heldUpBy({ stable, scoring }: ReadyEndpoint): Set<number> {
  const versions = new Set(stable.members.map(({ version }) => version))
  for (const [version, { graph }] of scoring) if (graph.placement === 'inline') versions.add(version)
  return versions
}

function answerRows(state: ReadyEndpoint, scoring: Scoring, offset: number, arms: readonly Arm[]): Scored[] | Error {
  const scored = new Array<Scored>(arms.length)
  for (let r = 0; r < arms.length; r++) {
    const one = answerRow(state, scoring, offset + r, arms[r]!)
    if (one instanceof Error) return one
    scored[r] = one
  }
  return scored
}

function orThrow<Value>(value: Value | Error): Value {
  if (value instanceof Error) throw value
  return value
}

const NO_OTHERS: ReadonlyMap<string, StoredPrediction> = new Map()

/** What a repeated id is answered and judged by. */
type LoggedBefore = Pick<
  StoredPrediction,
  'id' | 'endpoint' | 'inputs' | 'value' | 'label' | 'probabilities' | 'version'
>

/**
 * Another question under the same id. What is redacted is not in the log and proves nothing; nor do features that were
 * filled in, which may have changed since.
 */
function isAnother(
  { endpoint, inputs }: LoggedBefore,
  asked: string,
  record: PredictionRecord,
  completed: PredictionRecord,
): boolean {
  const wasFilled = (column: string) => !Object.hasOwn(record, column) && Object.hasOwn(completed, column)
  return (
    endpoint !== asked ||
    Object.entries(inputs).some(
      ([column, value]) =>
        record[column] !== value && !wasFilled(column) && !isEmbedding(column) && !isStickyColumn(column),
    )
  )
}

/** Runs of records that the same version answered on the same route are counted at once. */
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
