import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'

export const WebhookStatus = z.enum(['active', 'disabled'])
export type WebhookStatus = z.infer<typeof WebhookStatus>

/** Its secret is kept, and never told. */
export const Webhook = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  url: z.string(),
  events: z.array(z.string()).describe('Such as model_version.created.'),
  status: WebhookStatus,
  signed: z.boolean(),
  createdAt: z.number(),
  updatedAt: z.number(),
})
export type Webhook = z.infer<typeof Webhook>

export const Delivery = z.object({
  id: z.string(),
  event: z.string(),
  state: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.number().int(),
  createdAt: z.number(),
  nextAt: z.number().nullable().describe('When it is tried again.'),
  answer: z.string().nullable().describe('What the last try came to.'),
})
export type Delivery = z.infer<typeof Delivery>

export const webhookRoutes = defineRoutes({
  listWebhooks: {
    method: 'GET',
    path: '/api/webhooks',
    permission: 'webhooks:read',
    summary: 'Addresses that are told when something happens.',
    query: PageQuery,
    reply: z.object({ webhooks: z.array(Webhook), next: z.string().nullable() }),
  },
  listDeliveries: {
    method: 'GET',
    path: '/api/webhooks/:webhook/deliveries',
    permission: 'webhooks:read',
    summary: 'What was sent to an address, or waits to be, newest first.',
    params: z.object({ webhook: z.string() }),
    query: PageQuery,
    reply: z.object({ deliveries: z.array(Delivery), next: z.string().nullable() }),
  },
})
