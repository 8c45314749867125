import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type Handlers, nextCursor, offsetOf } from '#platform/http'
import { OrreryError } from '#platform/errors'
import { defineRoutes } from '#platform/http/contract'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Span, Tracing, WholeTrace } from '#tracing'
import type { Tracking } from '#tracking'
import { ensureDefaultExperiment } from './experiments.ts'
import { ExperimentIds, message, PageToken, pageSize } from './messages.ts'
import { spanReply } from './span-entities.ts'
import { announcedSpans, descriptionFrom, TraceInfoMessage, TraceInfoReply, traceInfoReply } from './trace-entities.ts'
import { conditionsFrom, ordersFrom } from './trace-filter.ts'

export interface TraceNeeds {
  tracing: Tracing
  tracking: Tracking
  storage: Storage
  clock: Clock
}

/** A list in a query is its name again and again; with one item it is no list. */
export const QueryList = z.union([z.array(z.string()), z.string().transform((one) => [one])])

/** Spans are those of OTLP in JSON: what they hold is for their readers to know. */
const TraceReply = z.object({
  trace_info: TraceInfoReply,
  spans: z.array(z.record(z.string(), z.unknown())).optional(),
})
const TraceIds = z.array(z.string()).max(10_000)
/** The spans of so many are held in memory at once; clients ask for 10. */
const FewTraceIds = QueryList.refine((ids) => ids.length <= 100, 'names more than 100 traces')

export const traceRoutes = defineRoutes({
  startTraceV3: {
    method: 'POST',
    path: '/api/3.0/mlflow/traces',
    permission: 'tracing:send',
    summary: 'MLflow: tells of a trace as a whole, mostly when it has ended.',
    body: z.object({ trace: z.object({ trace_info: TraceInfoMessage }) }),
    reply: z.object({ trace: TraceReply }),
  },
  searchTracesV3: {
    method: 'POST',
    path: '/api/3.0/mlflow/traces/search',
    permission: 'tracing:read',
    summary: 'MLflow: traces of some experiments, without their spans.',
    body: message({
      locations: z
        .array(z.object({ mlflow_experiment: z.object({ experiment_id: z.string() }).optional() }))
        .max(10_000),
      filter: z.string().default(''),
      max_results: pageSize(500).default(100),
      order_by: z.array(z.string()).max(100).default([]),
      page_token: PageToken,
    }),
    reply: z.object({ traces: z.array(TraceInfoReply), next_page_token: z.string().optional() }),
  },
  getTrace: {
    method: 'GET',
    path: '/api/3.0/mlflow/traces/get',
    permission: 'tracing:read',
    summary: 'MLflow: a trace with its spans; waits a moment for those that are still on their way.',
    query: z.object({ trace_id: z.string(), allow_partial: z.string().default('') }),
    reply: z.object({ trace: TraceReply }),
  },
  batchGetTraces: {
    method: 'GET',
    path: '/api/3.0/mlflow/traces/batchGet',
    permission: 'tracing:read',
    summary: 'MLflow: those of some traces whose spans are all here, with them.',
    query: z.object({ trace_ids: FewTraceIds, experiment_ids: QueryList.optional() }),
    reply: z.object({ traces: z.array(TraceReply) }),
  },
  batchGetTraceInfos: {
    method: 'POST',
    path: '/api/3.0/mlflow/traces/batchGetInfos',
    permission: 'tracing:read',
    summary: 'MLflow: some traces, without their spans.',
    body: message({ trace_ids: TraceIds, experiment_ids: ExperimentIds.optional() }),
    reply: z.object({ trace_infos: z.array(TraceInfoReply) }),
  },
  getTraceInfoV3: {
    method: 'GET',
    path: '/api/3.0/mlflow/traces/:trace',
    permission: 'tracing:read',
    summary: 'MLflow: a trace without its spans.',
    params: z.object({ trace: z.string() }),
    reply: z.object({ trace: TraceReply }),
  },
})

class TraceIncomplete extends OrreryError {
  constructor(trace: string) {
    super({
      code: 'ORRERY_PROTOCOLS_TRACE_INCOMPLETE',
      status: 404,
      message: `Trace with ID ${trace} is not fully exported yet, please try again later.`,
      hint: 'Ask with allow_partial=true for the spans that are here.',
    })
  }
}

export function traceHandlers(needs: TraceNeeds): Handlers<typeof traceRoutes> {
  const { tracing, clock } = needs
  return {
    startTraceV3: async ({ body }) => {
      const description = descriptionFrom(body.trace.trace_info, clock.now())
      await ensureDefaultExperiment(needs, description.experiment)
      await tracing.describeTrace(description)
      return { trace: { trace_info: traceInfoReply(await tracing.trace(description.id)) } }
    },
    searchTracesV3: async ({ body }) => {
      const experiments = body.locations.flatMap(({ mlflow_experiment }) => mlflow_experiment?.experiment_id ?? [])
      const { traces, next } = await searchTraces(tracing, { ...body, experiments })
      return { traces: traces.map(traceInfoReply), ...(next !== null && { next_page_token: next }) }
    },
    getTrace: async ({ query }) => {
      const partial = query.allow_partial.toLowerCase() === 'true'
      return { trace: wholeReply(await completeTrace(tracing, query.trace_id, partial)) }
    },
    batchGetTraces: async ({ query }) => {
      const found = await within(tracing, query.trace_ids, query.experiment_ids)
      const traces = await Promise.all(found.map(async (trace) => ({ trace, spans: await tracing.spans(trace.id) })))
      return { traces: traces.filter(isComplete).map(wholeReply) }
    },
    batchGetTraceInfos: async ({ body }) => ({
      trace_infos: (await within(tracing, body.trace_ids, body.experiment_ids)).map(traceInfoReply),
    }),
    getTraceInfoV3: async ({ params }) => ({
      trace: { trace_info: traceInfoReply(await tracing.trace(params.trace)) },
    }),
  }
}

/** @throws ParameterInvalid */
export async function searchTraces(
  tracing: Tracing,
  asked: {
    experiments: string[]
    filter: string
    order_by: string[]
    max_results: number
    page_token?: string | undefined
  },
): Promise<{ traces: WholeTrace[]; next: string | null }> {
  const offset = offsetOf(asked.page_token)
  const traces = await tracing.traces({
    experiments: asked.experiments,
    where: conditionsFrom(asked.filter),
    orderBy: ordersFrom(asked.order_by),
    limit: asked.max_results,
    offset,
  })
  return { traces, next: nextCursor(offset, traces.length, asked.max_results) }
}

interface WithSpans {
  trace: WholeTrace
  spans: readonly Span[]
}

const wholeReply = ({ trace, spans }: WithSpans) => ({
  trace_info: traceInfoReply(trace),
  spans: spans.map(spanReply),
})

const isComplete = ({ trace, spans }: WithSpans) => spans.length > 0 && spans.length >= announcedSpans(trace)

async function within(tracing: Tracing, ids: readonly string[], experiments: readonly string[] | undefined) {
  const found = await tracing.tracesById(ids)
  return experiments ? found.filter((trace) => experiments.includes(trace.experimentId)) : found
}

/** Spans travel apart from what is told of their trace, and may be a moment later. */
const PATIENCE_MS = [100, 400, 1_000, 1_500]

async function completeTrace(tracing: Tracing, id: string, partial: boolean): Promise<WithSpans> {
  for (const wait of [...PATIENCE_MS, null]) {
    const trace = await tracing.trace(id)
    const expected = Math.max(1, announcedSpans(trace))
    if (partial || trace.spans >= expected) return { trace, spans: await tracing.spans(id) }
    if (wait !== null) await setTimeout(wait)
  }
  throw new TraceIncomplete(id)
}
