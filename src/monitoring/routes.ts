import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import { monitoringRoutes } from './contract.ts'
import type { Monitoring } from './monitoring.ts'

export function mountMonitoring(http: HttpServer, monitoring: Monitoring): void {
  http.mount('monitoring', monitoringRoutes, {
    monitorSeries: async ({ params, query }) => ({ points: await monitoring.series(params.endpoint, query) }),
    listAlerts: async ({ query }) => {
      const { project, endpoint, limit, cursor } = query
      const offset = offsetOf(cursor)
      const open = query.open && query.open === 'yes'
      const alerts = await monitoring.alerts({ project, endpoint, open, limit, offset })
      return { alerts, next: nextCursor(offset, alerts.length, limit) }
    },
    getAlert: ({ params }) => monitoring.alert(params.alert),
  })
}
