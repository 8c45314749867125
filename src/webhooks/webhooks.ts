import { createHash, randomUUID } from 'node:crypto'
import type { Events, StoredEvent } from '#platform/events'
import type { Logger } from '#platform/log'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Delivery, Webhook, WebhookStatus } from './contract.ts'
import { WebhookInvalid, WebhookUnknown } from './errors.ts'
import { type Answer, openSender, type Reach } from './send.ts'
import {
  deleteEnded,
  deleteWebhook,
  dueDeliveries,
  type DueDelivery,
  insertDelivery,
  listDeliveries,
  listWebhooks,
  nextDue,
  saveDelivery,
  saveWebhook,
  type StoredWebhook,
  webhookById,
} from './store.ts'

/** What a fact is called and what is said about it to those who listen. */
export interface Message {
  /** Such as `model_version.created`. */
  event: string
  body: string
}

/** The language that webhooks are spoken to in. */
export interface Language {
  /** Types of facts that it has words for. */
  facts: readonly string[]
  messagesOf(fact: StoredEvent): readonly Message[]
  /** Every event it knows. */
  events: readonly string[]
}

export interface WebhookFields {
  name: string
  url: string
  events: readonly string[]
  description?: string | undefined
  secret?: string | undefined
  status?: WebhookStatus | undefined
}

export interface Webhooks {
  /** @throws WebhookInvalid */
  create(fields: WebhookFields): Promise<Webhook>
  /** @throws WebhookUnknown */
  webhook(id: string): Promise<Webhook>
  webhooks(page: { limit: number; offset: number }): Promise<Webhook[]>
  /** An empty secret takes it away. @throws WebhookUnknown, WebhookInvalid */
  update(id: string, change: { [Field in keyof WebhookFields]?: WebhookFields[Field] | undefined }): Promise<Webhook>
  /** With its deliveries. @throws WebhookUnknown */
  delete(id: string): Promise<void>
  /** Sends a message at once, and does not try again. @throws WebhookUnknown, or what kept it from arriving */
  test(id: string, body: string): Promise<Answer>
  /** Newest first. @throws WebhookUnknown */
  deliveries(id: string, page: { limit: number; offset: number }): Promise<Delivery[]>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Fifteen tries over about a day: 10 s, 20 s, 40 s … between them, never more than six hours. */
const TRIES = 15
const FIRST_PAUSE_MS = 10_000
const LONGEST_PAUSE_MS = 6 * 3_600_000
const AT_ONCE = 8
const KEPT_MS = 7 * 86_400_000
/** Timers do not reach further than 24 days. */
const LONGEST_SLEEP_MS = 3_600_000

export function openWebhooks(needs: {
  storage: Storage
  events: Events
  clock: Clock
  log: Logger
  reach: Reach
  language: Language
  firstPauseMs?: number
}): Webhooks {
  const { storage, events, clock, log, reach, language, firstPauseMs = FIRST_PAUSE_MS } = needs
  const sender = openSender(reach, clock.now)
  let stopped = false
  let started = false
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | undefined
  let again = false

  events.subscribe('webhooks', language.facts, async (fact) => {
    const messages = language.messagesOf(fact)
    if (messages.length === 0) return
    await storage.write(async (tx) => {
      for (const hook of await listWebhooks(tx))
        for (const { event, body } of messages)
          if (hook.status === 'active' && hook.events.includes(event))
            await insertDelivery(tx, { id: idOf(hook, fact, event), webhook: hook.id, event, body, at: clock.now() })
    })
    wake()
  })

  function wake(): void {
    if (!started || stopped) return
    again = true
    working ??= work().finally(() => {
      working = undefined
      if (again) wake()
    })
  }

  /** Sends what is due, a few at once, and sleeps until the next is. */
  async function work(): Promise<void> {
    clearTimeout(timer)
    while (again && !stopped) {
      again = false
      const due = await dueDeliveries(storage, clock.now(), AT_ONCE)
      await Promise.all(due.map(attempt))
      if (due.length > 0) again = true
    }
    const next = await nextDue(storage)
    if (next === undefined || stopped) return
    timer = setTimeout(wake, Math.min(LONGEST_SLEEP_MS, Math.max(0, next - clock.now())))
  }

  async function attempt({ id, attempts, body, hook }: DueDelivery): Promise<void> {
    const answer = await sender.send(hook, { id, body }).catch((error: Error) => error)
    // A stop of the server is no answer: it is tried again at the next start.
    if (stopped && answer instanceof Error) return
    const arrived = !(answer instanceof Error) && answer.status < 300
    const told = answer instanceof Error ? reasonOf(answer) : `${answer.status} ${answer.body}`
    const tries = attempts + 1
    const over = arrived || tries >= TRIES
    const pause = Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** attempts)
    if (!arrived) log.warn({ webhook: hook.id, delivery: id, attempt: tries, answer: told }, 'webhook not delivered')
    await storage.write((tx) =>
      saveDelivery(tx, id, {
        state: arrived ? 'delivered' : over ? 'failed' : 'waiting',
        attempts: tries,
        next_at: over ? null : clock.now() + pause,
        answer: told.slice(0, 500),
      }),
    )
  }

  async function required(from: Storage | Tx, id: string): Promise<StoredWebhook> {
    const hook = await webhookById(from, id)
    if (!hook) throw new WebhookUnknown(id)
    return hook
  }

  return {
    create: async ({ name, url, events: wanted, description = '', secret = '', status = 'active' }) => {
      const now = clock.now()
      const hook: StoredWebhook = {
        ...{ id: randomUUID(), name: checkedName(name), url: checkedUrl(url, reach), description, status },
        ...{ events: checkedEvents(wanted, language.events), secret: secret === '' ? null : secret },
        ...{ createdAt: now, updatedAt: now },
      }
      await storage.write((tx) => saveWebhook(tx, hook))
      return shown(hook)
    },
    webhook: async (id) => shown(await required(storage, id)),
    webhooks: async (page) => (await listWebhooks(storage, page)).map(shown),
    update: async (id, { name, url, events: wanted, description, secret, status }) => {
      const change = {
        ...(name !== undefined && { name: checkedName(name) }),
        ...(url !== undefined && { url: checkedUrl(url, reach) }),
        ...(wanted !== undefined && { events: checkedEvents(wanted, language.events) }),
        ...(description !== undefined && { description }),
        ...(secret !== undefined && { secret: secret === '' ? null : secret }),
        ...(status !== undefined && { status }),
      }
      return storage.write(async (tx) => {
        const hook = { ...(await required(tx, id)), ...change, updatedAt: clock.now() }
        await saveWebhook(tx, hook)
        return shown(hook)
      })
    },
    delete: (id) =>
      storage.write(async (tx) => {
        await required(tx, id)
        await deleteWebhook(tx, id)
      }),
    test: async (id, body) => sender.send(await required(storage, id), { id: randomUUID(), body }),
    deliveries: async (id, page) => {
      await required(storage, id)
      return listDeliveries(storage, id, page)
    },
    start: async () => {
      started = true
      await storage.write((tx) => deleteEnded(tx, clock.now() - KEPT_MS))
      wake()
    },
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await sender.close()
      await working
    },
  }
}

/** The same for the same fact however often it is handled, so that it is delivered once. */
function idOf(hook: StoredWebhook, fact: StoredEvent, event: string): string {
  const hash = createHash('sha256').update(`${hook.id} ${fact.seq} ${event}`).digest('hex')
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-')
}

function shown({ secret, ...hook }: StoredWebhook): Webhook {
  return { ...hook, signed: secret !== null }
}

function checkedName(name: string): string {
  if (!/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/i.test(name))
    throw new WebhookInvalid(
      `Webhook name '${name.slice(0, 100)}' is invalid. It must start and end with a letter or digit, be at most 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).`,
    )
  return name
}

function checkedUrl(url: string, reach: Reach): string {
  const parsed = URL.parse(url)
  const schemes = reach === 'any' ? ['https:', 'http:'] : ['https:']
  if (!parsed || !schemes.includes(parsed.protocol) || url.length > 2_000)
    throw new WebhookInvalid(
      `Invalid webhook URL: '${url.slice(0, 200)}'. Allowed are ${schemes.map((scheme) => `${scheme}//…`).join(', ')}.`,
    )
  if (parsed.username || parsed.password) throw new WebhookInvalid('A webhook URL holds no password; use a secret.')
  return url
}

function checkedEvents(wanted: readonly string[], known: readonly string[]): string[] {
  const unknown = wanted.find((event) => !known.includes(event))
  if (unknown !== undefined)
    throw new WebhookInvalid(`Invalid webhook event '${unknown.slice(0, 100)}'. Valid ones are ${known.join(', ')}.`)
  if (wanted.length === 0) throw new WebhookInvalid('Webhook events must be a non-empty list.')
  return [...new Set(wanted)]
}

const reasonOf = (error: Error): string => {
  const { code } = error as { code?: unknown }
  return `${typeof code === 'string' ? `${code} ` : ''}${error.message}`
}
