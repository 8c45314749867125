import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from '#platform/log'
import { decodeJson, encodeJson, openStatements, type Storage, type Tx, tables } from '#platform/storage'
import type { Clock } from '#platform/time'

/** A fact, in the past tense: `registry.version_registered`. */
export interface NewEvent {
  type: string
  /** The project it belongs to; the UI's live stream is filtered by it. */
  project?: string | undefined
  /** What it is about, in its room's own ids. */
  subject: string
  data: Record<string, unknown>
}

export interface StoredEvent extends NewEvent {
  seq: number
  at: number
}

/** Must be idempotent: after a crash an event may be handled again. */
export type EventHandler = (event: StoredEvent) => Promise<void>

export interface Events {
  /** Writes the event in the same transaction as the fact it tells. */
  publish(tx: Tx, event: NewEvent): Promise<void>
  /** Every event of these types, in order, at least once, from the moment `name` first existed on. */
  subscribe(name: string, types: readonly string[], handler: EventHandler): void
  /** Sees events as they are committed, for as long as it listens; for live pages only, nothing is kept. */
  listen(listener: (event: StoredEvent) => void): () => void
  /** The events after `seq`, oldest first. */
  after(seq: number, options?: { project?: string; limit?: number }): Promise<StoredEvent[]>
  /** The latest events, newest first. */
  latest(options: { project?: string; limit: number; offset?: number }): Promise<StoredEvent[]>
  start(): Promise<void>
  stop(): Promise<void>
  /** Whether every subscriber has handled everything committed so far. */
  settled(): Promise<boolean>
}

interface EventTables {
  platform_events: { seq: number; type: string; project: string | null; subject: string; data: string; at: number }
  platform_deliveries: { subscriber: string; delivered: number }
  platform_undeliverable: { subscriber: string; seq: number; reason: string; at: number }
}

interface Subscriber {
  name: string
  types: readonly string[]
  handler: EventHandler
  delivered: number
  working: Promise<void> | undefined
  again: boolean
}

const BATCH = 200
/** Five tries over about three seconds: what fails that often fails for a reason that waiting does not mend. */
const TRIES = 5
const FIRST_PAUSE_MS = 100

const statements = openStatements()

const insertEvent = () =>
  sql`insert into platform_events (type, project, subject, data, at) values (${sql.join(['', '', '', '', 0])})`

/** The outbox: a table that facts are written to in their own transaction, and one cursor per subscriber. */
export function openEvents({ storage, clock, log }: { storage: Storage; clock: Clock; log: Logger }): Events {
  const subscribers: Subscriber[] = []
  const listeners = new Set<(event: StoredEvent) => void>()
  let stopped = false
  let started = false
  let heard = 0

  const read = async (after: number, types?: readonly string[]): Promise<StoredEvent[]> => {
    let query = storage.reads<EventTables>().selectFrom('platform_events').selectAll().where('seq', '>', after)
    if (types) query = query.where('type', 'in', types)
    const rows = await query.orderBy('seq').limit(BATCH).execute()
    return rows.map(fromRow)
  }

  const lastSeq = async () => {
    const row = await storage
      .reads<EventTables>()
      .selectFrom('platform_events')
      .select((e) => e.fn.max('seq').as('seq'))
      .executeTakeFirst()
    return Number(row?.seq ?? 0)
  }

  function wake(subscriber: Subscriber): void {
    subscriber.again = true
    subscriber.working ??= deliver(subscriber).finally(() => {
      subscriber.working = undefined
      if (subscriber.again && !stopped) wake(subscriber)
    })
  }

  async function deliver(subscriber: Subscriber): Promise<void> {
    while (subscriber.again && !stopped) {
      subscriber.again = false
      for (;;) {
        const events = await read(subscriber.delivered, subscriber.types)
        if (events.length === 0 || stopped) break
        for (const event of events) {
          if (stopped) return
          await handle(subscriber, event)
        }
      }
    }
  }

  async function handle(subscriber: Subscriber, event: StoredEvent): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await subscriber.handler(event)
        break
      } catch (error) {
        if (stopped) return
        log.error(
          { err: error, subscriber: subscriber.name, event: event.type, seq: event.seq, attempt },
          'event failed',
        )
        if (attempt === TRIES) {
          await setAside(subscriber, event, error)
          break
        }
        await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1))
      }
    }
    if (stopped) return
    subscriber.delivered = event.seq
    await remember(subscriber)
  }

  const remember = (subscriber: Subscriber) =>
    storage.write(async (tx) => {
      await tables<EventTables>(tx)
        .insertInto('platform_deliveries')
        .values({ subscriber: subscriber.name, delivered: subscriber.delivered })
        .onConflict((c) => c.column('subscriber').doUpdateSet({ delivered: subscriber.delivered }))
        .execute()
    })

  const setAside = (subscriber: Subscriber, event: StoredEvent, error: unknown) =>
    storage.write(async (tx) => {
      await tables<EventTables>(tx)
        .insertInto('platform_undeliverable')
        .values({ subscriber: subscriber.name, seq: event.seq, reason: String(error), at: clock.now() })
        .execute()
    })

  async function tellListeners(): Promise<void> {
    if (listeners.size === 0) return
    for (const event of await read(heard)) {
      if (event.seq <= heard) continue
      heard = event.seq
      for (const listener of listeners) listener(event)
    }
  }

  /** Where it was, or from now on. */
  async function begin(subscriber: Subscriber): Promise<void> {
    const last = await lastSeq()
    const cursor = await storage
      .reads<EventTables>()
      .selectFrom('platform_deliveries')
      .select('delivered')
      .where('subscriber', '=', subscriber.name)
      .executeTakeFirst()
    subscriber.delivered = cursor ? Number(cursor.delivered) : last
    if (!cursor) await remember(subscriber)
  }

  /** Moves a cursor over what its subscriber does not ask for: types that it asks for one day begin then. */
  async function catchUp(subscriber: Subscriber): Promise<void> {
    const last = await lastSeq()
    if (last === subscriber.delivered || (await read(subscriber.delivered, subscriber.types)).length > 0) return
    subscriber.delivered = last
    await remember(subscriber)
  }

  /** One function a type: a transaction that tells several events of it announces them once. */
  const announcements = new Map<string, () => void>()

  /** After the commit: a listener must not hear of what may still be undone. */
  function announcementOf(type: string): () => void {
    const known = announcements.get(type)
    if (known) return known
    const announce = () => {
      if (!started || stopped) return
      for (const subscriber of subscribers) if (subscriber.types.includes(type)) wake(subscriber)
      void tellListeners()
    }
    announcements.set(type, announce)
    return announce
  }

  return {
    publish: async (tx, event) => {
      await storage.capabilities.serialize(tx, 'platform_events')
      const { type, project = null, subject, data } = event
      await statements.run(tx, 'insert', insertEvent, [type, project, subject, encodeJson(data), clock.now()])
      storage.afterCommit(tx, announcementOf(type))
    },
    subscribe: (name, types, handler) => {
      const subscriber: Subscriber = { name, types, handler, delivered: 0, working: undefined, again: false }
      subscribers.push(subscriber)
      if (!started) return
      subscriber.working = begin(subscriber).finally(() => {
        subscriber.working = undefined
        wake(subscriber)
      })
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    after: async (seq, options = {}) => {
      let query = storage.reads<EventTables>().selectFrom('platform_events').selectAll().where('seq', '>', seq)
      if (options.project) query = query.where('project', '=', options.project)
      const rows = await query
        .orderBy('seq')
        .limit(options.limit ?? BATCH)
        .execute()
      return rows.map(fromRow)
    },
    latest: async ({ project, limit, offset = 0 }) => {
      let query = storage.reads<EventTables>().selectFrom('platform_events').selectAll()
      if (project) query = query.where('project', '=', project)
      const rows = await query.orderBy('seq', 'desc').limit(limit).offset(offset).execute()
      return rows.map(fromRow)
    },
    start: async () => {
      heard = await lastSeq()
      await Promise.all(subscribers.map(begin))
      started = true
      for (const subscriber of subscribers) wake(subscriber)
    },
    stop: async () => {
      stopped = true
      await Promise.all(subscribers.map((subscriber) => subscriber.working))
      await Promise.all(subscribers.map(catchUp))
    },
    settled: async () => {
      for (const subscriber of subscribers) {
        if (subscriber.working) return false
        if ((await read(subscriber.delivered, subscriber.types)).length > 0) return false
      }
      return true
    },
  }
}

function fromRow(row: EventTables['platform_events']): StoredEvent {
  return {
    seq: Number(row.seq),
    type: row.type,
    project: row.project ?? undefined,
    subject: row.subject,
    data: decodeJson(row.data),
    at: Number(row.at),
  }
}
