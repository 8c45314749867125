/** The interface of MLflow 2: today's client falls back to it, yesterday's knows no other. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { ensureDefaultExperiment } from './experiments.ts'
import { Int64, type KeyValue, message, PageToken, pageSize, Tags } from './messages.ts'
import { factsIn, State, TraceInfoV2Reply, traceInfoV2Reply } from './trace-entities.ts'
import { QueryList, searchTraces, type TraceNeeds } from './traces.ts'

const TraceRef = z.object({ trace: z.string() })
const OneTrace = z.object({ trace_info: TraceInfoV2Reply })

export const traceV2Routes = defineRoutes({
  startTrace: {
    method: 'POST',
    path: '/api/2.0/mlflow/traces',
    permission: 'tracing:send',
    summary: 'MLflow 2: begins a trace.',
    body: message({ experiment_id: z.string(), timestamp_ms: Int64, request_metadata: Tags, tags: Tags }),
    reply: OneTrace,
  },
  endTrace: {
    method: 'PATCH',
    path: '/api/2.0/mlflow/traces/:trace',
    permission: 'tracing:send',
    summary: 'MLflow 2: ends a trace.',
    params: TraceRef,
    body: message({ timestamp_ms: Int64, status: State, request_metadata: Tags, tags: Tags }),
    reply: OneTrace,
  },
  getTraceInfo: {
    method: 'GET',
    path: '/api/2.0/mlflow/traces/:trace/info',
    permission: 'tracing:read',
    summary: 'MLflow 2: a trace without its spans.',
    params: TraceRef,
    reply: OneTrace,
  },
  searchTraces: {
    method: 'GET',
    path: '/api/2.0/mlflow/traces',
    permission: 'tracing:read',
    summary: 'MLflow 2: traces of some experiments.',
    query: z.object({
      experiment_ids: QueryList,
      filter: z.string().default(''),
      max_results: pageSize(500).default(100),
      order_by: QueryList.default([]),
      page_token: PageToken,
    }),
    reply: z.object({ traces: z.array(TraceInfoV2Reply), next_page_token: z.string().optional() }),
  },
})

export function traceV2Handlers(needs: TraceNeeds): Handlers<typeof traceV2Routes> {
  const { tracing } = needs
  return {
    startTrace: async ({ body }) => {
      await ensureDefaultExperiment(needs, body.experiment_id)
      const id = `tr-${randomUUID().replaceAll('-', '')}`
      await tracing.describeTrace({
        id,
        experiment: body.experiment_id,
        clientRequestId: null,
        state: 'in_progress',
        startedAt: body.timestamp_ms,
        durationMs: null,
        request: null,
        response: null,
        assessments: [],
        ...factsIn(record(body.tags), record(body.request_metadata)),
      })
      return { trace_info: traceInfoV2Reply(await tracing.trace(id)) }
    },
    endTrace: async ({ params, body }) => {
      const trace = await tracing.trace(params.trace)
      await tracing.describeTrace({
        id: trace.id,
        experiment: trace.experimentId,
        clientRequestId: null,
        state: body.status ?? 'unspecified',
        startedAt: trace.startedAt,
        durationMs: Math.max(0, body.timestamp_ms - trace.startedAt),
        request: null,
        response: null,
        assessments: [],
        ...factsIn(record(body.tags), record(body.request_metadata)),
      })
      return { trace_info: traceInfoV2Reply(await tracing.trace(trace.id)) }
    },
    getTraceInfo: async ({ params }) => ({ trace_info: traceInfoV2Reply(await tracing.trace(params.trace)) }),
    searchTraces: async ({ query }) => {
      const { traces, next } = await searchTraces(tracing, { ...query, experiments: query.experiment_ids })
      return { traces: traces.map(traceInfoV2Reply), ...(next !== null && { next_page_token: next }) }
    },
  }
}

const record = (pairs: readonly KeyValue[]) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
