import type { HttpServer } from '#platform/http'
import { nextCursor, offsetOf } from '#platform/http'
import { importRoutes, trackingRoutes } from './contract.ts'
import { importHandlers } from './import-routes.ts'
import type { Order } from './store/conditions.ts'
import type { Tracking } from './tracking.ts'

export function mountTracking(http: HttpServer, tracking: Tracking): void {
  http.mount('tracking', importRoutes, importHandlers(tracking))
  http.mount('tracking', trackingRoutes, {
    listRuns: async ({ query: { orderBy, direction, cursor, ...filter } }) => {
      const offset = offsetOf(cursor)
      const runs = await tracking.runs({ ...filter, offset, orderBy: [orderFrom(orderBy, direction)] })
      return { runs, next: nextCursor(offset, runs.length, filter.limit) }
    },
    getRun: async ({ params }) => ({
      ...(await tracking.run(params.run)),
      artifacts: await tracking.artifacts(params.run),
    }),
    metricHistory: async ({ params }) => ({
      points: (await tracking.history(params.run, params.metric)).map(({ step, value, at }) => ({
        step,
        at,
        value: Number.isNaN(value) ? null : value,
      })),
    }),
  })
}

/** `metric:loss`, `param:depth`; the start of the run when absent or anything else. */
function orderFrom(text: string | undefined, direction: Order['direction']): Order {
  const [, on, key] = /^(metric|param):(.+)$/s.exec(text ?? '') ?? []
  if (key === undefined) return { on: 'attribute', key: 'startedAt', direction }
  return { on: on as 'metric' | 'param', key, direction }
}
