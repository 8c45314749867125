import type { Kysely } from 'kysely'
import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Delivery, Webhook, WebhookStatus } from './contract.ts'

interface WebhookTables {
  webhooks_hooks: {
    id: string
    name: string
    description: string
    url: string
    events: string
    status: WebhookStatus
    secret: string | null
    created_at: number
    updated_at: number
  }
  webhooks_deliveries: {
    id: string
    webhook: string
    event: string
    body: string
    state: Delivery['state']
    attempts: number
    created_at: number
    next_at: number | null
    answer: string | null
  }
}

/** A hook with what is never told of it. */
export type StoredWebhook = Omit<Webhook, 'signed'> & { secret: string | null }

/** A delivery with what it says and where to. */
export interface DueDelivery {
  id: string
  attempts: number
  body: string
  hook: StoredWebhook
}

const reading = (from: Storage | Tx): Kysely<WebhookTables> =>
  'reads' in from ? from.reads<WebhookTables>() : tables<WebhookTables>(from)

export async function saveWebhook(tx: Tx, { events, createdAt, updatedAt, ...hook }: StoredWebhook): Promise<void> {
  const { id, ...values } = { ...hook, events: encodeJson(events), created_at: createdAt, updated_at: updatedAt }
  await reading(tx)
    .insertInto('webhooks_hooks')
    .values({ id, ...values })
    .onConflict((c) => c.column('id').doUpdateSet(values))
    .execute()
}

export async function deleteWebhook(tx: Tx, id: string): Promise<void> {
  await reading(tx).deleteFrom('webhooks_hooks').where('id', '=', id).execute()
}

export async function webhookById(from: Storage | Tx, id: string): Promise<StoredWebhook | undefined> {
  const row = await reading(from).selectFrom('webhooks_hooks').selectAll().where('id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

/** The oldest first. */
export async function listWebhooks(
  from: Storage | Tx,
  page?: { limit: number; offset: number },
): Promise<StoredWebhook[]> {
  let query = reading(from).selectFrom('webhooks_hooks').selectAll().orderBy('created_at').orderBy('id')
  if (page) query = query.limit(page.limit).offset(page.offset)
  return (await query.execute()).map(fromRow)
}

/** Nothing where there is one of this id: its event was handled before. */
export async function insertDelivery(
  tx: Tx,
  delivery: { id: string; webhook: string; event: string; body: string; at: number },
): Promise<void> {
  const { at, ...values } = delivery
  await reading(tx)
    .insertInto('webhooks_deliveries')
    .values({ ...values, state: 'waiting', attempts: 0, created_at: at, next_at: at, answer: null })
    .onConflict((c) => c.column('id').doNothing())
    .execute()
}

export async function saveDelivery(
  tx: Tx,
  id: string,
  change: { state: Delivery['state']; attempts: number; next_at: number | null; answer: string },
): Promise<void> {
  await reading(tx).updateTable('webhooks_deliveries').set(change).where('id', '=', id).execute()
}

export async function dueDeliveries(storage: Storage, now: number, limit: number): Promise<DueDelivery[]> {
  const rows = await reading(storage)
    .selectFrom('webhooks_deliveries')
    .select(['id', 'webhook', 'attempts', 'body'])
    .where('state', '=', 'waiting')
    .where('next_at', '<=', now)
    .orderBy('next_at')
    .limit(limit)
    .execute()
  const hooks = new Map((await listWebhooks(storage)).map((hook) => [hook.id, hook]))
  return rows.flatMap(({ webhook, ...delivery }) => {
    const hook = hooks.get(webhook)
    return hook ? [{ ...delivery, hook }] : []
  })
}

/** When the next one is due; undefined where none waits. */
export async function nextDue(storage: Storage): Promise<number | undefined> {
  const row = await reading(storage)
    .selectFrom('webhooks_deliveries')
    .select((e) => e.fn.min('next_at').as('at'))
    .where('state', '=', 'waiting')
    .executeTakeFirst()
  return row?.at == null ? undefined : Number(row.at)
}

export async function listDeliveries(
  storage: Storage,
  webhook: string,
  page: { limit: number; offset: number },
): Promise<Delivery[]> {
  const rows = await reading(storage)
    .selectFrom('webhooks_deliveries')
    .selectAll()
    .where('webhook', '=', webhook)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map(({ id, event, state, attempts, created_at, next_at, answer }) => ({
    ...{ id, event, state, attempts, answer },
    createdAt: Number(created_at),
    nextAt: next_at === null ? null : Number(next_at),
  }))
}

/** Forgets what came to its end before. */
export async function deleteEnded(tx: Tx, before: number): Promise<void> {
  await reading(tx)
    .deleteFrom('webhooks_deliveries')
    .where('state', '!=', 'waiting')
    .where('created_at', '<', before)
    .execute()
}

function fromRow({ created_at, updated_at, events, ...row }: WebhookTables['webhooks_hooks']): StoredWebhook {
  return { ...row, events: decodeJson(events), createdAt: Number(created_at), updatedAt: Number(updated_at) }
}
