import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { asOrreryError, errorBody } from '#platform/errors'
import type { Dialect, HttpServer } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Storage } from '#platform/storage'
import type { Attributes, Span, TraceHints, Tracing } from '#tracing'
import type { Tracking } from '#tracking'
import { DEFAULT_EXPERIMENT } from '../mlflow/entities.ts'
import { ensureDefaultExperiment } from '../mlflow/experiments.ts'
import { BodyUnreadable, readBody } from './body.ts'
import { meaningOf, textOf, traceTagsIn } from './conventions.ts'
import { type SentSpan, spansInJson, spansInProtobuf, Unreadable } from './read.ts'
import { ExportResponse, Failure } from './schema.ts'

/** Google's `rpc.Status`, as OTLP has its errors. */
const FailureReply = z.object({ code: z.number(), message: z.string() })

export const otlpRoutes = defineRoutes({
  exportTraces: {
    method: 'POST',
    path: '/v1/traces',
    permission: 'tracing:send',
    summary: 'OpenTelemetry (OTLP): keeps spans, in the experiment that the header x-mlflow-experiment-id names.',
    upload: true,
    raw: true,
    reply: z.unknown(),
  },
})

const otlpDialect: Dialect = {
  errorReply: FailureReply,
  renderError: (error) => {
    const known = asOrreryError(error) ?? errorBody(error).body.error
    return {
      status: 'status' in known ? known.status : 500,
      body: { code: RPC_CODES['status' in known ? known.status : 500] ?? 3, message: `${known.message} ${known.hint}` },
    }
  },
}

/** `google.rpc.Code` for statuses of HTTP; INVALID_ARGUMENT for others. */
const RPC_CODES: Record<number, number> = { 401: 16, 403: 7, 404: 5, 413: 8, 429: 8, 500: 13, 503: 14 }

/** Decoding gives way to other requests after this long. */
const TURN_MS = 15

/** OpenTelemetry's protocol over HTTP, for traces. */
export function mountOtlp(http: HttpServer, needs: { tracing: Tracing; tracking: Tracking; storage: Storage }): void {
  const { tracing } = needs
  http.mount(
    'otlp',
    otlpRoutes,
    {
      exportTraces: async ({ request, reply }) => {
        const isJson = mediaType(request.headers['content-type']) === 'application/json'
        try {
          const spans = sentSpans(request.headers['content-type'], await readBody(request.raw))
          const experiment = headerOf(request.headers['x-mlflow-experiment-id']) ?? DEFAULT_EXPERIMENT.id
          await ensureDefaultExperiment(needs, experiment)
          const { kept, hints, rejected } = await readAll(spans)
          rejected.push(...(await tracing.recordSpans(experiment, kept, hints)))
          const run = headerOf(request.headers['x-mlflow-run-id'])
          if (run !== undefined) await tracing.linkTraces([...hints.keys()], { kind: 'run', target: run })
          return answer(reply, isJson, rejected)
        } catch (error) {
          const { status, body } = otlpDialect.renderError(error)
          if (status >= 500) request.log.error({ err: error, requestId: request.id }, 'request failed')
          // What of the body was not read would be taken for the next request.
          if (!request.raw.complete) reply.header('connection', 'close')
          reply.status(status)
          if (isJson) return reply.send(body)
          return reply.type('application/x-protobuf').send(Buffer.from(Failure.encode(body as object).finish()))
        }
      },
    },
    otlpDialect,
  )
}

/** @throws BodyUnreadable */
function sentSpans(contentType: string | undefined, body: Uint8Array): Iterable<SentSpan> {
  switch (mediaType(contentType)) {
    case 'application/x-protobuf':
      return spansInProtobuf(body)
    case 'application/json':
      return spansInJson(body)
    default:
      throw new BodyUnreadable(`its content type is "${contentType?.slice(0, 100) ?? ''}"`)
  }
}

/** Reads span by span, and sets aside what cannot be read: one bad span must not cost the others. */
async function readAll(sent: Iterable<SentSpan>) {
  const kept: Span[] = []
  const hints = new Map<string, TraceHints>()
  const rejected: string[] = []
  let turn = performance.now()
  try {
    for (const { resource, read } of sent) {
      try {
        const span = read()
        kept.push(span)
        hints.set(span.trace, withHints(hints.get(span.trace), span, resource))
      } catch (error) {
        rejected.push(reasonOf(error))
      }
      if (performance.now() - turn < TURN_MS) continue
      await setImmediate()
      turn = performance.now()
    }
  } catch (error) {
    if (error instanceof Unreadable) throw new BodyUnreadable(error.message)
    throw error
  }
  if (kept.length + rejected.length === 0) throw new BodyUnreadable('there are no spans in it')
  return { kept, hints, rejected }
}

function reasonOf(error: unknown): string {
  if (error instanceof Unreadable) return `A span cannot be read: ${error.message}.`
  const known = asOrreryError(error)
  if (known) return known.message
  throw error
}

/** Facts about the trace that one of its spans, or what sent it, tells. */
function withHints(before: TraceHints | undefined, span: Span, resource: Attributes): TraceHints {
  const { session, user } = meaningOf(span.attributes)
  return {
    session: before?.session ?? session,
    tags: {
      ...before?.tags,
      ...(before === undefined && tagsOf(resource)),
      ...(span.parent === null && clipped(traceTagsIn(span.attributes))),
    },
    metadata: { ...(user !== undefined && { 'mlflow.trace.user': user }), ...before?.metadata },
  }
}

/** What the SDK says of itself is of no use on a trace; names that begin with `mlflow.` are not a sender's to set. */
function tagsOf(resource: Attributes): Record<string, string> {
  const told = Object.entries(resource).filter(([key]) => !/^(telemetry\.sdk|mlflow)\./.test(key))
  return clipped(Object.fromEntries(told.map(([key, value]) => [key, textOf(value)])))
}

const clipped = (tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [key.slice(0, 250), value.slice(0, 8_000)]))

/** Success, and what was not kept: a client must not send that again. */
function answer(reply: FastifyReply, isJson: boolean, rejected: readonly string[]) {
  const partialSuccess = { rejectedSpans: rejected.length, errorMessage: [...new Set(rejected)].slice(0, 5).join(' ') }
  if (isJson) {
    const body =
      rejected.length === 0 ? {} : { partialSuccess: { ...partialSuccess, rejectedSpans: String(rejected.length) } }
    return reply.type('application/json').send(JSON.stringify(body))
  }
  const message = rejected.length === 0 ? {} : { partialSuccess }
  return reply.type('application/x-protobuf').send(Buffer.from(ExportResponse.encode(message).finish()))
}

const mediaType = (header: string | undefined) => header?.split(';', 1)[0]?.trim().toLowerCase()

const headerOf = (value: string | string[] | undefined) => (typeof value === 'string' && value ? value : undefined)
