import type { HttpServer } from '#platform/http'
import { nextCursor, offsetOf } from '#platform/http'
import { trackingRoutes } from './contract.ts'
import type { Tracking } from './tracking.ts'

export function mountTracking(http: HttpServer, tracking: Tracking): void {
  http.mount('tracking', trackingRoutes, {
    listRuns: async ({ query }) => {
      const offset = offsetOf(query.cursor)
      const runs = await tracking.runs({ ...query, offset })
      return { runs, next: nextCursor(offset, runs.length, query.limit) }
    },
    getRun: async ({ params }) => ({
      ...(await tracking.run(params.run)),
      artifacts: await tracking.artifacts(params.run),
    }),
    metricHistory: async ({ params }) => ({ points: await tracking.history(params.run, params.metric) }),
  })
}
