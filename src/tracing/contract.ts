import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'

export const TraceState = z.enum(['in_progress', 'ok', 'error', 'unspecified'])
export type TraceState = z.infer<typeof TraceState>

export const SpanStatus = z.enum(['unset', 'ok', 'error'])
export type SpanStatus = z.infer<typeof SpanStatus>

export const Tokens = z.object({ input: z.number(), output: z.number(), total: z.number() })
export type Tokens = z.infer<typeof Tokens>

/** One request through an application of a user's, as its spans and its client told of it. */
export const Trace = z.object({
  id: z.string().describe('`tr-` and the trace id of OpenTelemetry.'),
  name: z.string().nullable(),
  experiment: z.string().describe('Name of the experiment.'),
  experimentId: z.string(),
  run: z.string().nullable().describe('The run it was made in.'),
  state: TraceState,
  startedAt: z.number(),
  durationMs: z.number().nullable(),
  request: z.string().nullable().describe('The beginning of what came in.'),
  response: z.string().nullable().describe('The beginning of what went out.'),
  session: z.string().nullable(),
  clientRequestId: z.string().nullable(),
  tokens: Tokens.nullable(),
  spans: z.number().describe('How many are kept.'),
})
export type Trace = z.infer<typeof Trace>

export const Assessment = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['feedback', 'expectation', 'issue']),
  span: z.string().nullable(),
  source: z.object({ type: z.string(), id: z.string() }),
  value: z.unknown(),
  error: z.object({ code: z.string(), message: z.string().nullable(), stack: z.string().nullable() }).nullable(),
  rationale: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  overrides: z.string().nullable().describe('The assessment that this one corrects.'),
  valid: z.boolean().describe('False once another one overrides it.'),
  createdAt: z.number(),
  updatedAt: z.number(),
})
export type Assessment = z.infer<typeof Assessment>

/** A step of a trace, without what it carried. Times are ns since 1970, as text: they have more than 53 bits. */
export const SpanLine = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  name: z.string(),
  type: z.string(),
  status: SpanStatus,
  startedNs: z.string(),
  endedNs: z.string().nullable(),
  tokens: Tokens.nullable(),
})
export type SpanLine = z.infer<typeof SpanLine>

const Json = z.record(z.string(), z.unknown())

export const SpanDetail = SpanLine.extend({
  message: z.string().describe('What the status says, mostly of an error.'),
  inputs: z.unknown().describe('Null where the span names none.'),
  outputs: z.unknown().describe('Null where the span names none.'),
  attributes: Json.describe('All others.'),
  events: z.array(z.object({ name: z.string(), atNs: z.string(), attributes: Json })),
  links: z.array(z.object({ trace: z.string(), span: z.string(), attributes: Json })),
})
export type SpanDetail = z.infer<typeof SpanDetail>

const TraceRef = z.object({ trace: z.string() })

export const tracingRoutes = defineRoutes({
  listTraces: {
    method: 'GET',
    path: '/api/traces',
    permission: 'tracing:read',
    summary: 'Traces, newest first.',
    query: PageQuery.extend({
      experiment: z.string().optional().describe('Name of one experiment.'),
      run: z.string().optional().describe('Only those made in this run or linked to it.'),
      session: z.string().optional(),
      state: TraceState.optional(),
      text: z.string().max(1_000).optional().describe('Occurs in the name, in what came in or in what went out.'),
    }),
    reply: z.object({ traces: z.array(Trace), next: z.string().nullable() }),
  },
  listTracedExperiments: {
    method: 'GET',
    path: '/api/traced-experiments',
    permission: 'tracing:read',
    summary: 'The experiments that have traces, the one with the newest first.',
    reply: z.object({
      experiments: z.array(z.object({ id: z.string(), name: z.string(), traces: z.number(), latestAt: z.number() })),
    }),
  },
  getTrace: {
    method: 'GET',
    path: '/api/traces/:trace',
    permission: 'tracing:read',
    summary: 'One trace with its tags, metadata and assessments.',
    params: TraceRef,
    reply: Trace.extend({
      tags: z.record(z.string(), z.string()),
      metadata: z.record(z.string(), z.string()),
      assessments: z.array(Assessment),
    }),
  },
  listSpans: {
    method: 'GET',
    path: '/api/traces/:trace/spans',
    permission: 'tracing:read',
    summary: 'Its spans in the order they began, the root first; what they carried is read one by one.',
    params: TraceRef,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(2_000).default(1_000),
      cursor: z.string().optional(),
    }),
    reply: z.object({ spans: z.array(SpanLine), next: z.string().nullable() }),
  },
  getSpan: {
    method: 'GET',
    path: '/api/traces/:trace/spans/:span',
    permission: 'tracing:read',
    summary: 'One span with its inputs, outputs, attributes, events and links.',
    params: TraceRef.extend({ span: z.string() }),
    reply: SpanDetail,
  },
  deleteTrace: {
    method: 'DELETE',
    path: '/api/traces/:trace',
    permission: 'tracing:write',
    summary: 'Deletes a trace with all that belongs to it, for good.',
    params: TraceRef,
    reply: z.object({}),
  },
})
