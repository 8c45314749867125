import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  jetstream,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream'
import { connect, type NatsConnection, nanos } from '@nats-io/transport-node'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamSource } from '#projects/contract'
import { connectionTo, type StreamSecrets } from './connection.ts'
import type { MessagePlace } from './log-store.ts'
import type { Received } from './received.ts'

/** Messages that may be under way, here and between: the server sends no more until some are acknowledged. */
const MOST_UNDER_WAY = 2_000
/** Rows of one transaction: everybody else's writes wait for it. */
const BATCH = 500
const ACK_WAIT_MS = 30_000
const TRY_AGAIN_MS = 1_000
const LOOK_EVERY_MS = 2_000
/** Between two tries of what the online store refused. */
const MOST_PATIENCE_MS = 10_000

/** How a consumer stands, as far as this server knows. */
export interface ConsumerState {
  readonly connected: boolean
  /** Messages of the stream that are not acknowledged yet; null before it was asked. */
  readonly lag: number | null
  readonly received: number
  readonly rejected: number
  readonly lastMessageAt: number | null
  readonly error: { readonly at: number; readonly message: string } | null
}

export interface StreamConsumer {
  state(): ConsumerState
  /** Finishes what is in hand; what is not acknowledged comes again. */
  stop(): Promise<void>
}

/**
 * Reads a stream by a durable consumer. A message is acknowledged when `keep` has come to its end, and comes again when it has not.
 *
 * @param keep keeps rows for good. @returns how many were no rows
 * @param secrets fills in `${secret.NAME}`, and hides what was filled in
 */
export function startConsumer(needs: {
  source: StreamSource
  durable: string
  keep(messages: readonly Received[]): Promise<number>
  /** The durable consumer was not there, and is now. */
  made(): Promise<void>
  /** Up to this message all are acknowledged. */
  acknowledged(floor: MessagePlace): Promise<void>
  secrets: StreamSecrets
  now(): number
}): StreamConsumer {
  const { source, durable, keep, made, acknowledged, secrets, now } = needs
  const stopping = new AbortController()
  const state: { -readonly [K in keyof ConsumerState]: ConsumerState[K] } = {
    ...{ connected: false, lag: null, received: 0, rejected: 0, lastMessageAt: null, error: null },
  }
  const failed = (error: unknown) => {
    state.error = { at: now(), message: secrets.mask(error instanceof Error ? error.message : String(error)) }
  }
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})

  async function keepPatiently(messages: readonly JsMsg[], origin: string): Promise<void> {
    const received = messages.map(({ seq, data }) => ({ origin, seq, data }))
    for (let wait = 200; ; wait = Math.min(wait * 2, MOST_PATIENCE_MS)) {
      try {
        const rejected = await keep(received)
        state.received += messages.length
        state.rejected += rejected
        state.lastMessageAt = now()
        state.error = null
        for (const message of messages) message.ack()
        return
      } catch (error) {
        failed(error)
        if (stopping.signal.aborted) return
        await pause(wait)
        if (stopping.signal.aborted) return
      }
    }
  }

  /** From a connection to its end. */
  async function session(connection: NatsConnection): Promise<void> {
    const manager = await jetstreamManager(connection)
    const { created } = await manager.streams.info(source.name)
    const before = await manager.consumers.info(source.name, durable).catch(() => undefined)
    if (!before) await made()
    await manager.consumers.add(source.name, {
      ...{ durable_name: durable, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All },
      ...{ ack_wait: nanos(ACK_WAIT_MS), max_ack_pending: MOST_UNDER_WAY },
      ...(source.subject !== undefined && { filter_subject: source.subject }),
    })
    const consumer = await jetstream(connection).consumers.get(source.name, durable)
    const origin = `${source.name}@${created}`
    const waiting: JsMsg[] = []
    // What takes long to keep is sent again meanwhile: it is in hand already.
    const inHand = new Set<number>()
    let wake = () => {}
    const messages = await consumer.consume({
      ...{ max_messages: BATCH, abort_on_missing_resource: true },
      callback: (message) => {
        if (inHand.has(message.seq)) return
        inHand.add(message.seq)
        waiting.push(message)
        wake()
      },
    })
    state.error = null
    const ended = endOf(messages, connection, stopping.signal)
    void watchLag(manager, origin, ended)
    let over = false
    void ended
      .finally(() => {
        over = true
        wake()
      })
      .catch(() => {})
    for (;;) {
      if (waiting.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve))
      if (over) break
      const batch = waiting.splice(0, BATCH)
      await keepPatiently(batch, origin)
      for (const { seq } of batch) inHand.delete(seq)
    }
    messages.stop()
    await ended
  }

  async function watchLag(manager: JetStreamManager, origin: string, ended: Promise<void>): Promise<void> {
    let over = false
    let floor = 0
    void ended.catch(() => {}).finally(() => (over = true))
    for (; !over; await pause(LOOK_EVERY_MS)) {
      const info = await manager.consumers.info(source.name, durable).catch(() => undefined)
      if (!info) continue
      state.lag = info.num_pending + info.num_ack_pending
      const seq = info.ack_floor.stream_seq
      if (seq <= floor) continue
      // Who is not told now is told the next time.
      await acknowledged({ origin, seq }).then(() => (floor = seq), failed)
    }
  }

  async function watchConnection(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'staleConnection') state.connected = false
      if (type === 'reconnect') state.connected = true
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let connection: NatsConnection | undefined
      try {
        connection = await connect({
          ...connectionTo(source, durable, secrets),
          ...{ maxReconnectAttempts: -1, reconnectTimeWait: TRY_AGAIN_MS },
        })
        state.connected = true
        void watchConnection(connection).catch(() => {})
        await session(connection)
      } catch (error) {
        failed(error)
      }
      state.connected = false
      // What was acknowledged is told before the connection ends.
      await connection?.flush().catch(() => {})
      await connection?.close().catch(() => {})
      await pause(TRY_AGAIN_MS)
    }
  }

  const running = run()
  return {
    state: () => ({ ...state }),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** Ends when nothing comes any more: the connection or the consumer is gone, which is an error, or somebody stops. */
function endOf(messages: ConsumerMessages, connection: NatsConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    void messages.closed().then((error) => reject(error ?? new Error('The stream or its consumer is gone.')))
    void connection.closed().then((error) => reject(error ?? new Error('The connection has ended.')))
  })
}
