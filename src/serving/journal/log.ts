import type { Logger } from '#platform/log'
import type { OtherThread } from '#platform/storage'
import type { PredictionLog, PredictionLogLimits } from '../log.ts'
import type { LabelRule } from '../label-rule.ts'
import type { NewPrediction, StoredPrediction } from '../store.ts'
import type { LogHint } from '../write-predictions.ts'
import { decodeBlocks, encodeBlock } from './block.ts'
import { amendmentLine, createLineWriter, predictionsOf } from './line.ts'
import { moveSegments, type Written } from './moving.ts'
import { openMoverThread } from './mover-thread.ts'
import { openSegments, type Place } from './segments.ts'

/** 100,000 records: some seconds of all that two cores answer, in which the database may be slow; their ids take 20 MB. */
const DEFAULT_LIMITS: PredictionLogLimits = { longestWaitMs: 250, mostWaiting: 100_000 }

/** What one write appends at most, so that it is moved in one transaction. */
const LARGEST_BATCH = 1_000
const TRIES = 5
const FIRST_PAUSE_MS = 100

/** The predictions of one turn of the event loop. */
interface Batch extends Written {
  readonly ids: string[]
  /** Its lines, until they are in the file. */
  text: string
  place: Place | undefined
  readonly since: number
  readonly durable: Promise<ReadonlyMap<string, StoredPrediction>>
  release(nobodyElses: ReadonlyMap<string, StoredPrediction>): void
}

/** The database has one server, so nobody else logs under the same ids. */
const NO_OTHERS: ReadonlyMap<string, StoredPrediction> = new Map()
const AT_ONCE = Promise.resolve(NO_OTHERS)

/**
 * The prediction log of a server that has its database to itself: what is answered in one turn of the event loop is appended to
 * a file by one write, and moved into the table by the thousand, in another thread. What the file holds is logged: over a crash it is moved
 * at the next start.
 */
export function openJournaledLog({
  folder,
  database,
  log,
  limits = DEFAULT_LIMITS,
  ruleOf,
  onLogged,
}: {
  /** Where its files are. */
  folder: string
  database: OtherThread
  log: Logger
  limits?: PredictionLogLimits
  ruleOf: (endpoint: string) => LabelRule | undefined
  onLogged: (hint: LogHint) => void
}): PredictionLog {
  const synced = database.options.durability === 'full'
  const segments = openSegments(folder, synced)
  const endpoints = new Set<string>()
  const lineOf = createLineWriter((endpoint) => endpoints.add(endpoint))
  // Not the records: those that live for a quarter of a second cost the collector more than all else here.
  const waiting = new Map<string, Batch>()
  const dropped = new Map<string, number>()
  const thread = openMoverThread(database)
  const moving = moveSegments({
    ...{ segments, move: thread.move, log, labelRules },
    onMoved: moved,
    onLogged,
  })
  let open: Batch | undefined
  /** Written, and not synced yet. */
  let unsynced: Batch[] = []
  let syncing: Promise<void> | undefined
  /** Logged, and held back because too much waits to be moved. */
  let held: Batch[] = []
  /** The disk takes no more: what it refused, in order. */
  let refused: Batch[] = []
  let refusals = 0
  let retry: NodeJS.Timeout | undefined
  let alarm: NodeJS.Timeout | undefined
  /** Whose answers wait, oldest first. */
  const unanswered = new Set<Batch>()
  let behind = false
  let closing: Promise<void> | undefined

  function append(predictions: readonly NewPrediction[]): Promise<ReadonlyMap<string, StoredPrediction>> {
    if (closing || waiting.size + predictions.length > limits.mostWaiting) {
      drop(predictions)
      return AT_ONCE
    }
    let batch: Batch | undefined
    for (const prediction of predictions) {
      batch = open ??= startBatch()
      batch.text += lineOf(prediction)
      batch.ids.push(prediction.id)
      waiting.set(prediction.id, batch)
      if (batch.ids.length >= LARGEST_BATCH) seal()
    }
    return behind || !batch ? AT_ONCE : batch.durable
  }

  function amend(id: string, scores: string): void {
    if (closing) return
    open ??= startBatch()
    open.text += amendmentLine({ id, scores })
  }

  function startBatch(): Batch {
    if (waiting.size === 0) thread.start()
    const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, StoredPrediction>>()
    // After everybody who is answered in this turn of the loop has come by; a timer would cost each its length.
    process.nextTick(seal)
    return { ids: [], text: '', place: undefined, since: performance.now(), durable: promise, release: resolve }
  }

  function seal(): void {
    const batch = open
    open = undefined
    if (!batch) return
    if (refused.length > 0 || !write(batch)) refuse(batch)
  }

  function write(batch: Batch): boolean {
    try {
      batch.place = segments.append(encodeBlock(batch.text))
    } catch (error) {
      if (refusals++ === 0) log.error({ err: error }, 'the disk does not take the prediction log')
      return false
    }
    refusals = 0
    batch.text = ''
    moving.written(batch as Batch & { place: Place })
    if (synced) {
      watch(batch)
      unsynced.push(batch)
      syncing ??= sync()
    } else {
      logged(batch)
    }
    return true
  }

  /** What is written while one sync is under way shares the next. */
  async function sync(): Promise<void> {
    while (unsynced.length > 0) {
      const group = unsynced
      unsynced = []
      try {
        await segments.sync()
      } catch (error) {
        // It is in the file, and its move into the database is synced by itself.
        log.error({ err: error }, 'the prediction log could not be synced')
      }
      group.forEach(logged)
    }
    syncing = undefined
  }

  /** It is logged. While more wait to be moved than there should, its answer waits too, so that who asks asks less. */
  function logged(batch: Batch): void {
    if (waiting.size > limits.mostWaiting / 2) {
      held.push(batch)
      watch(batch)
      return
    }
    behind = false
    release(batch)
  }

  function moved({ ids }: Batch): void {
    for (const id of ids) waiting.delete(id)
    if (held.length === 0 || waiting.size > limits.mostWaiting / 2) return
    behind = false
    held.forEach(release)
    held = []
  }

  function refuse(batch: Batch): void {
    refused.push(batch)
    watch(batch)
    retry ??= setTimeout(tryAgain, FIRST_PAUSE_MS * 2 ** (refusals - 1))
  }

  function tryAgain(): void {
    retry = undefined
    while (refused.length > 0 && write(refused[0]!)) refused.shift()
    if (refused.length === 0) return
    if (refusals < TRIES && !closing) {
      retry = setTimeout(tryAgain, FIRST_PAUSE_MS * 2 ** (refusals - 1))
      return
    }
    const lost = refused.flatMap(({ text }) => predictionsOf(text))
    log.error({ records: lost.length }, 'predictions could not be logged')
    drop(lost)
    for (const { id } of lost) waiting.delete(id)
    for (const batch of refused) release(batch)
    refused = []
    refusals = 0
  }

  /** Whoever has waited long enough is answered without their record. One timer for all: it is rarely needed. */
  function watch(batch: Batch): void {
    unanswered.add(batch)
    alarm ??= setTimeout(releaseLate, limits.longestWaitMs)
  }

  function releaseLate(): void {
    alarm = undefined
    const now = performance.now()
    for (const batch of unanswered) {
      // A timer may be a millisecond early.
      const left = batch.since + limits.longestWaitMs - now
      if (left > 1) {
        alarm = setTimeout(releaseLate, left)
        return
      }
      behind = true
      release(batch)
    }
  }

  function release(batch: Batch): void {
    unanswered.delete(batch)
    batch.release(NO_OTHERS)
  }

  function drop(predictions: readonly NewPrediction[]): void {
    for (const { endpoint } of predictions) dropped.set(endpoint, (dropped.get(endpoint) ?? 0) + 1)
  }

  function labelRules(): Record<string, LabelRule> {
    const rules: Record<string, LabelRule> = {}
    for (const endpoint of endpoints) {
      const rule = ruleOf(endpoint)
      if (rule) rules[endpoint] = rule
    }
    return rules
  }

  async function waitingUnder(ids: readonly string[]): Promise<NewPrediction[]> {
    const batches = new Set(ids.map((id) => waiting.get(id)).filter((batch) => batch !== undefined))
    const found: NewPrediction[] = []
    for (const { place, text } of batches) {
      // A file that is gone was moved into the table meanwhile.
      const block = place && (await segments.read(place))
      const lines = place ? decodeBlocks(block ?? Buffer.alloc(0)).blocks.map((one) => one.text) : [text]
      found.push(...lines.flatMap(predictionsOf).filter(({ id }) => ids.includes(id)))
    }
    return found
  }

  return {
    append,
    amend,
    waits: (id) => waiting.has(id),
    waiting: waitingUnder,
    pending: () => waiting.size,
    dropped: (endpoint) => dropped.get(endpoint) ?? 0,
    recovered: moving.recovered,
    settle: async () => {
      seal()
      await moving.settle()
    },
    close: () => (closing ??= close()),
  }

  async function close(): Promise<void> {
    seal()
    clearTimeout(retry)
    if (refused.length > 0) tryAgain()
    await syncing
    await moving.close()
    clearTimeout(alarm)
    unanswered.forEach(release)
    await thread.close()
    segments.close()
  }
}
