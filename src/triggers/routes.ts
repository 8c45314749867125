import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import { triggerRoutes } from './contract.ts'
import type { Triggers } from './triggers.ts'

export function mountTriggers(http: HttpServer, triggers: Triggers): void {
  http.mount('triggers', triggerRoutes, {
    listFirings: async ({ params, query }) => {
      const offset = offsetOf(query.cursor)
      const firings = await triggers.firings(params.project, { limit: query.limit, offset })
      return { firings, next: nextCursor(offset, firings.length, query.limit) }
    },
  })
}
