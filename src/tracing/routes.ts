import { type HttpServer, nextCursor, offsetOf } from '#platform/http'
import type { Tracking } from '#tracking'
import { encodeValues } from './attribute-json.ts'
import { type SpanDetail, tracingRoutes } from './contract.ts'
import { TraceUnknown } from './errors.ts'
import type { AttributeValue, Span } from './span.ts'
import type { Condition } from './store/search.ts'
import type { Tracing } from './tracing.ts'

export function mountTracing(http: HttpServer, { tracing, tracking }: { tracing: Tracing; tracking: Tracking }): void {
  http.mount('tracing', tracingRoutes, {
    listTraces: async ({ query }) => {
      const offset = offsetOf(query.cursor)
      const where: Condition[] = []
      if (query.state) where.push({ on: 'attribute', key: 'state', is: '=', value: query.state })
      if (query.session) where.push({ on: 'attribute', key: 'session', is: '=', value: query.session })
      if (query.run) where.push({ on: 'run', is: '=', value: query.run })
      const traces = await tracing.traces({
        ...(query.experiment && { experiments: [(await tracking.experiment({ name: query.experiment })).id] }),
        where,
        text: query.text,
        limit: query.limit,
        offset,
      })
      return { traces, next: nextCursor(offset, traces.length, query.limit) }
    },
    listTracedExperiments: async () => ({ experiments: await tracing.tracedExperiments() }),
    getTrace: ({ params }) => tracing.trace(params.trace),
    listSpans: async ({ params, query: { limit, cursor } }) => {
      await tracing.trace(params.trace)
      const offset = offsetOf(cursor)
      const spans = await tracing.spanLines(params.trace, { limit, offset })
      return { spans, next: nextCursor(offset, spans.length, limit) }
    },
    getSpan: async ({ params }) => detailOf(await tracing.span(params.trace, params.span)),
    deleteTrace: async ({ params }) => {
      const deleted = await tracing.deleteTraces({ ids: [params.trace], limit: 1 })
      if (deleted === 0) throw new TraceUnknown(params.trace)
      return {}
    },
  })
}

function detailOf(span: Span): SpanDetail {
  const { inputsKey, outputsKey, attributes } = span
  const others = Object.entries(attributes).filter(([key]) => key !== inputsKey && key !== outputsKey)
  return {
    id: span.id,
    parent: span.parent,
    name: span.name,
    type: span.type,
    status: span.status,
    message: span.message,
    startedNs: String(span.startedNs),
    endedNs: span.endedNs === null ? null : String(span.endedNs),
    tokens: span.tokens,
    inputs: inputsKey === null ? null : plain(attributes[inputsKey] ?? null),
    outputs: outputsKey === null ? null : plain(attributes[outputsKey] ?? null),
    attributes: plain(Object.fromEntries(others)) as Record<string, unknown>,
    events: span.events.map((event) => ({
      name: event.name,
      atNs: String(event.atNs),
      attributes: plain(event.attributes) as Record<string, unknown>,
    })),
    links: span.links.map((link) => ({ ...link, attributes: plain(link.attributes) as Record<string, unknown> })),
  }
}

/** As JSON has it: whole numbers beyond 53 bits lose their last digits here, and nowhere else. */
const plain = (value: AttributeValue): unknown => JSON.parse(encodeValues(value))
