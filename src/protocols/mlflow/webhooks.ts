import { z } from 'zod'
import { type Handlers, offsetOf } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Clock } from '#platform/time'
import type { Webhooks } from '#webhooks'
import type { Webhook } from '#webhooks/contract'
import { message, Nothing, PageToken, pageSize, Required, unlessEmpty } from './messages.ts'
import { bodyOf, type HOOK_EVENTS } from './webhook-messages.ts'

const HookRef = z.object({ webhook: z.string() })

/** In protocol buffers the names are written large. */
const EventName = z.object({ entity: z.string(), action: z.string() })
const Status = z.enum(['ACTIVE', 'DISABLED'])

const HookReply = z.object({
  webhook_id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  url: z.string(),
  events: z.array(EventName),
  status: Status,
  creation_timestamp: z.number(),
  last_updated_timestamp: z.number(),
})
const OneHook = z.object({ webhook: HookReply })

const TestResult = z.object({
  success: z.boolean(),
  response_status: z.number().optional(),
  response_body: z.string().optional(),
  error_message: z.string().optional(),
})

export const webhookRoutes = defineRoutes({
  createWebhook: {
    method: 'POST',
    path: '/api/2.0/mlflow/webhooks',
    permission: 'webhooks:write',
    summary: 'MLflow: an address that is told when something happens in the registry; its secret is never given back.',
    body: message({
      name: Required,
      url: Required,
      events: z.array(EventName),
      description: z.string().optional(),
      secret: z.string().max(1_000).optional(),
      status: Status.optional(),
    }),
    reply: OneHook,
  },
  listWebhooks: {
    method: 'GET',
    path: '/api/2.0/mlflow/webhooks',
    permission: 'webhooks:read',
    summary: 'MLflow: addresses that are told when something happens in the registry.',
    query: z.object({ max_results: pageSize(1_000).default(100), page_token: PageToken }),
    reply: z.object({ webhooks: z.array(HookReply).optional(), next_page_token: z.string().optional() }),
  },
  getWebhook: {
    method: 'GET',
    path: '/api/2.0/mlflow/webhooks/:webhook',
    permission: 'webhooks:read',
    summary: 'MLflow: one webhook.',
    params: HookRef,
    reply: OneHook,
  },
  updateWebhook: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/webhooks/:webhook',
    permission: 'webhooks:write',
    summary: 'MLflow: changes a webhook, or switches it off and on.',
    params: HookRef,
    body: message({
      name: z.string().optional(),
      url: z.string().optional(),
      events: z.array(EventName).optional(),
      description: z.string().optional(),
      secret: z.string().max(1_000).optional(),
      status: Status.optional(),
    }),
    reply: OneHook,
  },
  deleteWebhook: {
    method: 'DELETE',
    path: '/api/2.0/mlflow/webhooks/:webhook',
    permission: 'webhooks:write',
    summary: 'MLflow: deletes a webhook and what waits to be delivered to it.',
    params: HookRef,
    reply: Nothing,
  },
  testWebhook: {
    method: 'POST',
    path: '/api/2.0/mlflow/webhooks/:webhook/test',
    permission: 'webhooks:write',
    summary: 'MLflow: sends an example to a webhook, and says what came back.',
    params: HookRef,
    body: message({ event: EventName.optional() }).optional(),
    reply: z.object({ result: TestResult }),
  },
})

type EventName = z.output<typeof EventName>

export function webhookHandlers({
  webhooks,
  clock,
}: {
  webhooks: Webhooks
  clock: Clock
}): Handlers<typeof webhookRoutes> {
  return {
    createWebhook: async ({ body }) => ({
      webhook: hookReply(
        await webhooks.create({ ...body, events: body.events.map(nameOf), status: statusFrom(body.status) }),
      ),
    }),
    listWebhooks: async ({ query }) => {
      const offset = offsetOf(query.page_token)
      // One more than asked for tells whether there is another page.
      const found = await webhooks.webhooks({ limit: query.max_results + 1, offset })
      const page = found.slice(0, query.max_results)
      return {
        ...unlessEmpty('webhooks', page.map(hookReply)),
        ...(found.length > page.length && { next_page_token: (offset + page.length).toString(36) }),
      }
    },
    getWebhook: async ({ params }) => ({ webhook: hookReply(await webhooks.webhook(params.webhook)) }),
    updateWebhook: async ({ params, body }) => ({
      webhook: hookReply(
        await webhooks.update(params.webhook, {
          name: body.name || undefined,
          url: body.url || undefined,
          events: body.events && body.events.length > 0 ? body.events.map(nameOf) : undefined,
          description: body.description,
          secret: body.secret,
          status: statusFrom(body.status),
        }),
      ),
    }),
    deleteWebhook: async ({ params }) => {
      await webhooks.delete(params.webhook)
      return {}
    },
    testWebhook: async ({ params, body }) => {
      const { events } = await webhooks.webhook(params.webhook)
      const event = body?.event ? nameOf(body.event) : events[0]!
      try {
        const answer = await webhooks.test(params.webhook, bodyOf(event, clock.now(), exampleOf(event)))
        return {
          result: { success: answer.status < 400, response_status: answer.status, response_body: answer.body },
        }
      } catch (error) {
        return { result: { success: false, error_message: `Failed to test webhook: ${(error as Error).message}` } }
      }
    },
  }
}

const nameOf = ({ entity, action }: EventName) => `${entity.toLowerCase()}.${action.toLowerCase()}`

const statusFrom = (status: z.output<typeof Status> | undefined) =>
  status === 'DISABLED' ? 'disabled' : status && 'active'

function hookReply(hook: Webhook): z.input<typeof HookReply> {
  return {
    webhook_id: hook.id,
    name: hook.name,
    ...(hook.description !== '' && { description: hook.description }),
    url: hook.url,
    events: hook.events.map((event) => {
      const [entity, action] = event.toUpperCase().split('.')
      return { entity: entity!, action: action! }
    }),
    status: hook.status === 'active' ? 'ACTIVE' : 'DISABLED',
    creation_timestamp: hook.createdAt,
    last_updated_timestamp: hook.updatedAt,
  }
}

/** Every field that such a message may have, with a value that nobody takes for a real one. */
function exampleOf(event: string): Record<string, unknown> {
  const [entity, action] = event.split('.') as [keyof typeof HOOK_EVENTS, string]
  const name = entity.startsWith('prompt') ? 'example_prompt' : 'example_model'
  const tags = { example_key: 'example_value' }
  const value = action === 'set' ? { value: 'example_value' } : {}
  switch (entity) {
    case 'registered_model':
    case 'prompt':
      return { name, tags, description: 'An example' }
    case 'model_version':
      return { name, version: '1', source: 'models:/123', run_id: 'abcd1234abcd5678', tags, description: 'An example' }
    case 'prompt_version':
      return { name, version: '1', template: 'Hello {{name}}!', tags, description: 'An example' }
    case 'model_version_tag':
    case 'prompt_version_tag':
      return { name, version: '1', key: 'example_key', ...value }
    case 'prompt_tag':
      return { name, key: 'example_key', ...value }
    case 'model_version_alias':
    case 'prompt_alias':
      return { name, alias: 'example_alias', ...(action === 'created' && { version: '1' }) }
    default:
      return { name: 'example_policy' }
  }
}
