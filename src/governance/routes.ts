import type { Events } from '#platform/events'
import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import { governanceRoutes } from './contract.ts'
import { type TraceNeeds, tracePrediction } from './trace.ts'

export function mountGovernance(http: HttpServer, needs: TraceNeeds & { events: Events }): void {
  http.mount('governance', governanceRoutes, {
    trace: ({ params }) => tracePrediction(needs, params.prediction),
    audit: async ({ query }) => {
      const offset = offsetOf(query.cursor)
      const events = await needs.events.latest({
        limit: query.limit,
        offset,
        ...(query.project && { project: query.project }),
      })
      return {
        entries: events.map(({ seq, at, type, subject, project, data }) => ({
          id: seq,
          at,
          who: typeof data.by === 'string' ? data.by : 'orrery',
          what: type,
          subject,
          project: project ?? null,
          data,
        })),
        next: nextCursor(offset, events.length, query.limit),
      }
    },
  })
}
