import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import { NO_ARCHIVE } from './archive/archive.ts'
import { amendScores, type NewPrediction, predictionsById, type StoredPrediction } from './store.ts'
import { createPredictionWriter, type LogHint, type RefuseLabel } from './write-predictions.ts'

export interface PredictionLogLimits {
  /** An answer waits for its record at most this long. */
  readonly longestWaitMs: number
  /** Records waiting to be written; what comes on top is dropped and counted. */
  readonly mostWaiting: number
}

/** 250 ms: longer than any healthy disk takes, shorter than a caller's patience. 20,000 records: about 20 MB. */
const DEFAULT_LIMITS: PredictionLogLimits = { longestWaitMs: 250, mostWaiting: 20_000 }

/** What the log writes at once: one transaction. */
const LARGEST_BATCH = 1_000
/** One is synced to disk while the next is written. */
const MOST_WRITES = 2
const TRIES = 5
const FIRST_PAUSE_MS = 100

export interface PredictionLog {
  /**
   * Takes records to write. Resolves when they are durable, when that takes longer than the limit, or at once when the
   * log is behind or full: an answer never fails and hardly waits for its log.
   *
   * @returns the records that another server logged first under the same ids: theirs is the answer that counts
   */
  append(predictions: readonly NewPrediction[]): Promise<ReadonlyMap<string, StoredPrediction>>
  /** What versions said that were not waited for: it takes the place of what the record of this id has. Nobody waits for it. */
  amend(id: string, scores: string): void
  /** Whether the record of this id is on its way into the table. */
  waits(id: string): boolean
  /** Those of these ids' records that are not in the table yet; whatever is not among them is there, or nowhere. */
  waiting(ids: readonly string[]): Promise<NewPrediction[]>
  /** Records that are not in the table yet. */
  pending(): number
  /** Resolves when what was logged before a crash can be read. */
  readonly recovered: Promise<void>
  /** Resolves when all that was answered by now can be read, or the database refused it just now. */
  settle(): Promise<void>
  /** Records of an endpoint that were lost since the start: the queue was full, or the database refused them. */
  dropped(endpoint: string): number
  /** Writes what waits. */
  close(): Promise<void>
}

interface Batch {
  readonly predictions: NewPrediction[]
  readonly done: Promise<ReadonlyMap<string, StoredPrediction>>
  release(answers: ReadonlyMap<string, StoredPrediction>): void
}

const NO_OTHERS: ReadonlyMap<string, StoredPrediction> = new Map()

/** The log of a server that shares its database with others: written into the table at once, where they meet. */
export function openPredictionLog({
  storage,
  log,
  limits = DEFAULT_LIMITS,
  refuseLabel,
  onLogged,
}: {
  storage: Storage
  log: Logger
  limits?: PredictionLogLimits
  refuseLabel: RefuseLabel
  onLogged: (hint: LogHint) => void
}): PredictionLog {
  const writePredictions = createPredictionWriter(storage)
  const waiting = new Map<string, NewPrediction>()
  const dropped = new Map<string, number>()
  const sealed: Batch[] = []
  let open: Batch | undefined
  let writes = 0
  /** Writes that have not taken their batch yet. */
  let unstarted = 0
  let behind = false
  let closed = false
  let idle: (() => void) | undefined

  function startBatch(): Batch {
    const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, StoredPrediction>>()
    // One timer for everybody in the batch.
    const timer = setTimeout(() => {
      behind = true
      resolve(NO_OTHERS)
    }, limits.longestWaitMs)
    return {
      predictions: [],
      done: promise,
      release: (answers) => {
        clearTimeout(timer)
        resolve(answers)
      },
    }
  }

  function append(predictions: readonly NewPrediction[]): Promise<ReadonlyMap<string, StoredPrediction>> {
    if (closed || waiting.size + predictions.length > limits.mostWaiting) {
      drop(predictions)
      return Promise.resolve(NO_OTHERS)
    }
    open ??= startBatch()
    const batch = open
    for (const prediction of predictions) {
      waiting.set(prediction.id, prediction)
      batch.predictions.push(prediction)
    }
    if (batch.predictions.length >= LARGEST_BATCH) seal()
    startWrites()
    return behind ? Promise.resolve(NO_OTHERS) : batch.done
  }

  function seal(): void {
    if (open) sealed.push(open)
    open = undefined
  }

  /** The oldest batch; it stays open until its transaction starts, so that what arrives meanwhile still gets in. */
  function takeBatch(): Batch | undefined {
    const batch = sealed.shift() ?? open
    if (batch === open) open = undefined
    return batch
  }

  function startWrites(): void {
    const batches = () => sealed.length + (open ? 1 : 0)
    while (writes < MOST_WRITES && unstarted < batches()) {
      writes++
      unstarted++
      void writeBatch().finally(() => {
        writes--
        startWrites()
        if (writes === 0) idle?.()
      })
    }
  }

  async function writeBatch(): Promise<void> {
    let batch: Batch | undefined
    const take = () => {
      if (batch) return batch
      unstarted--
      batch = takeBatch()!
      return batch
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const { known, hints } = await storage.write((tx) => writePredictions(tx, take().predictions, refuseLabel))
        behind = false
        finish(take(), known.length === 0 ? NO_OTHERS : await othersUnder(known))
        for (const hint of hints) onLogged(hint)
        return
      } catch (error) {
        const { predictions } = take()
        if (attempt === TRIES || closed) {
          log.error({ err: error, records: predictions.length }, 'predictions could not be logged')
          drop(predictions)
          finish(take(), NO_OTHERS)
          return
        }
        await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1))
      }
    }
  }

  async function othersUnder(ids: readonly string[]): Promise<ReadonlyMap<string, StoredPrediction>> {
    return new Map((await predictionsById(storage, NO_ARCHIVE, ids)).map((prediction) => [prediction.id, prediction]))
  }

  function finish(batch: Batch, answers: ReadonlyMap<string, StoredPrediction>): void {
    for (const { id } of batch.predictions) waiting.delete(id)
    batch.release(answers)
  }

  function drop(predictions: readonly NewPrediction[]): void {
    for (const { endpoint } of predictions) dropped.set(endpoint, (dropped.get(endpoint) ?? 0) + 1)
  }

  /** Written after its record, which is on its way. */
  async function amend(id: string, scores: string): Promise<void> {
    while (waiting.has(id)) await sleep(FIRST_PAUSE_MS)
    try {
      await storage.write((tx) => amendScores(tx, [{ id, scores }]))
    } catch (error) {
      log.error({ err: error, id }, 'what a version said late could not be logged')
    }
  }

  return {
    append,
    amend: (id, scores) => void amend(id, scores),
    waits: (id) => waiting.has(id),
    waiting: async (ids) => ids.map((id) => waiting.get(id)).filter((record) => record !== undefined),
    pending: () => waiting.size,
    recovered: Promise.resolve(),
    // Whoever was answered is in the table, but for moments in which it is slow.
    settle: async () => {},
    dropped: (endpoint) => dropped.get(endpoint) ?? 0,
    close: async () => {
      closed = true
      if (writes > 0) await new Promise<void>((resolve) => (idle = resolve))
    },
  }
}
