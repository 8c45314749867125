import { openSecrets } from '#data'
import type { Logger } from '#platform/log'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { StreamSource } from '#projects/contract'
import type { Catalog } from '../catalog.ts'
import type { AppliedView } from '../catalog-store.ts'
import type { StreamInfo } from '../contract.ts'
import type { ViewDefinition } from '../definition.ts'
import type { OnlineStore } from '../online-store.ts'
import { answeringView } from '../online.ts'
import type { ConsumerState, StreamConsumer } from './consumer.ts'
import { deleteConsumer, insertConsumer, type MadeConsumer, madeConsumers } from './consumer-store.ts'
import { insertLogged, insertRejected, raiseFloor, rejectedMessages } from './log-store.ts'
import { judge, type Received } from './received.ts'
import type { StreamTables } from './stream-table.ts'

/** How soon a view that was applied, changed or taken away is noticed. */
const LOOK_EVERY_MS = 2_000
/** Between two tries to remove what is not used any more. */
const REMOVE_AGAIN_MS = 30_000

/** Reads the streams that views are fed from. */
export interface Streams {
  start(): void
  stop(): Promise<void>
  /** How the stream of a view stands; null for a view that has none. */
  info(view: AppliedView): Promise<StreamInfo | null>
  /** Of the views with a stream that this server reads. */
  states(): { project: string; view: string; state: ConsumerState }[]
}

interface Running {
  readonly project: string
  readonly view: string
  /** What is read, and as what: another one takes its place when this changes. */
  readonly source: string
  readonly consumer: StreamConsumer
}

export function openStreams(needs: {
  storage: Storage
  clock: Clock
  log: Logger
  catalog: Catalog
  store: OnlineStore
  waiting: StreamTables['waiting']
  env?: NodeJS.ProcessEnv
}): Streams {
  const { storage, clock, log, catalog, store, waiting, env = process.env } = needs
  const running = new Map<string, Running>()
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  let stopped = true
  let removeAgainAt = 0

  /**
   * Keeps the rows of messages: the newest of each entity online, all of them in the log. What the online store has is not
   * told before the log has it, too: who is not told sends again.
   */
  async function keep(project: string, name: string, messages: readonly Received[]): Promise<number> {
    const [view] = await catalog.withRows(project, [name])
    const { definition, id } = view!
    const now = clock.now()
    const judged = messages.map((message) => judge(definition, message, now))
    const rows = judged.flatMap((one) => ('row' in one ? [one] : []))
    const rejected = judged.flatMap((one) => ('rejected' in one ? [one.rejected] : []))
    const answering = answeringView(view!)
    // Until a new version answers, the one before it is told what it can take of the message.
    if (answering.id !== id) {
      const before = messages.map((message) => judge(answering.definition, message, now))
      const puts = before.flatMap((one) => ('row' in one ? [{ put: one.row }] : []))
      await store.apply(answering.id, puts, now)
    }
    const also = async (tx: Tx) => {
      await insertLogged(
        tx,
        { project, view: name },
        rows.map(({ logged }) => logged),
      )
      await insertRejected(tx, { project, view: name }, rejected)
    }
    await store.apply(id, definition.online ? rows.map(({ row }) => ({ put: row })) : [], now, also)
    return rejected.length
  }

  /** The client of NATS is loaded by who has a stream. */
  async function startOne({ project, definition }: AppliedView, source: string): Promise<void> {
    const { startConsumer } = await import('./consumer.ts')
    const stream = definition.stream!
    const { name: view } = definition
    const durable = durableOf(project, definition)
    const mine: MadeConsumer = { project, view, durable, source: stream }
    // One of a name that people gave is only taken away by whom it was made.
    if (stream.consumer === undefined) await storage.write((tx) => insertConsumer(tx, mine))
    log.info({ project, view, stream: stream.name, durable }, 'reading a stream')
    const consumer = startConsumer({
      ...{ source: stream, durable, secrets: openSecrets(env), now: clock.now },
      keep: (messages) => keep(project, view, messages),
      made: () => storage.write((tx) => insertConsumer(tx, mine)),
      acknowledged: (floor) => storage.write((tx) => raiseFloor(tx, { project, view }, floor)),
    })
    running.set(`${project} ${view}`, { project, view, source, consumer })
  }

  async function look(): Promise<void> {
    const wanted = (await catalog.views()).filter(({ definition }) => definition.stream)
    const sources = new Map(
      wanted.map((view) => [`${view.project} ${view.definition.name}`, sourceOf(view.definition.stream!)]),
    )
    for (const [key, { source, consumer }] of running)
      if (sources.get(key) !== source) {
        running.delete(key)
        await consumer.stop()
      }
    for (const view of wanted) {
      const key = `${view.project} ${view.definition.name}`
      if (!running.has(key) && !stopped) await startOne(view, sources.get(key)!)
    }
    await removeUnused(wanted)
  }

  /** Takes away the consumers of views that are gone, or read another stream now; where NATS is away, a while later. */
  async function removeUnused(wanted: readonly AppliedView[]): Promise<void> {
    if (clock.now() < removeAgainAt) return
    const names = new Set(
      wanted.map(({ project, definition }) => `${definition.stream!.name} ${durableOf(project, definition)}`),
    )
    const used = new Set(wanted.map(({ project, definition }) => keyOf(project, definition)))
    for (const one of await madeConsumers(storage)) {
      if (used.has(JSON.stringify([one.project, one.view, one.durable, one.source]))) continue
      try {
        // Another address may be the same NATS: what is read by is not taken away.
        if (!names.has(`${one.source.name} ${one.durable}`)) {
          const { removeConsumer } = await import('./connection.ts')
          await removeConsumer(one.source, one.durable, openSecrets(env))
        }
        await storage.write((tx) => deleteConsumer(tx, one))
      } catch (err) {
        removeAgainAt = clock.now() + REMOVE_AGAIN_MS
        const { project, view, durable } = one
        log.warn({ project, view, durable, err }, 'a consumer that is not used any more could not be removed')
      }
    }
  }

  function schedule(): void {
    looking = look().catch((err) => log.error({ err }, 'the streams of features could not be looked at'))
    void looking.then(() => {
      if (!stopped) timer = setTimeout(schedule, LOOK_EVERY_MS).unref()
    })
  }

  return {
    start: () => {
      stopped = false
      schedule()
    },
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await looking
      await Promise.all([...running.values()].map(({ consumer }) => consumer.stop()))
      running.clear()
    },
    info: async ({ project, definition }) => {
      if (!definition.stream) return null
      const { name: view, stream } = definition
      const state = running.get(`${project} ${view}`)?.consumer.state()
      const { rejected } = await rejectedMessages(storage, { project, view }, 0)
      return {
        ...{ server: stream.server, name: stream.name, subject: stream.subject ?? null },
        consumer: durableOf(project, definition),
        ...{ connected: state?.connected ?? false, lag: state?.lag ?? null, received: state?.received ?? 0 },
        ...{ lastMessageAt: state?.lastMessageAt ?? null, error: state?.error ?? null },
        ...{ rejected, logged: await waiting(project, view) },
      }
    },
    states: () =>
      [...running.values()].map(({ project, view, consumer }) => ({ project, view, state: consumer.state() })),
  }
}

const durableOf = (project: string, { name, stream }: ViewDefinition) => stream!.consumer ?? `orrery-${project}-${name}`

const keyOf = (project: string, definition: ViewDefinition) =>
  JSON.stringify([project, definition.name, durableOf(project, definition), definition.stream])

const sourceOf = (stream: StreamSource) => JSON.stringify(stream)
