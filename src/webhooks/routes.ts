import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import { webhookRoutes } from './contract.ts'
import type { Webhooks } from './webhooks.ts'

export function mountWebhooks(http: HttpServer, webhooks: Webhooks): void {
  http.mount('webhooks', webhookRoutes, {
    listWebhooks: async ({ query }) => {
      const offset = offsetOf(query.cursor)
      const found = await webhooks.webhooks({ limit: query.limit, offset })
      return { webhooks: found, next: nextCursor(offset, found.length, query.limit) }
    },
    listDeliveries: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const deliveries = await webhooks.deliveries(params.webhook, { limit: query.limit, offset })
      return { deliveries, next: nextCursor(offset, deliveries.length, query.limit) }
    },
  })
}
