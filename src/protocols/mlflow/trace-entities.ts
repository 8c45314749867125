/** Traces as MLflow tells of them. Pure. */
import { z } from 'zod'
import type { Description, WholeTrace } from '#tracing'
import type { TraceState } from '#tracing/contract'
import { tokensFrom } from '../otlp/conventions.ts'
import { AssessmentMessage, AssessmentReply, assessmentFrom, assessmentReply } from './assessment-entities.ts'
import { ParameterInvalid } from './dialect.ts'
import { pairs } from './entities.ts'
import { KeyValue } from './messages.ts'
import { Duration, durationText, Timestamp, timestampText } from './proto-time.ts'

export const TRACE_NAME = 'mlflow.traceName'
export const SOURCE_RUN = 'mlflow.sourceRun'
export const SESSION = 'mlflow.trace.session'
const TOKEN_USAGE = 'mlflow.trace.tokenUsage'
const SIZE_STATS = 'mlflow.trace.sizeStats'
const SPANS_LOCATION = 'mlflow.trace.spansLocation'
const ARTIFACT_LOCATION = 'mlflow.artifactLocation'

/** What this server says of a trace itself; a client's word on it is not kept. */
const OURS: ReadonlySet<string> = new Set([SPANS_LOCATION, ARTIFACT_LOCATION, 'mlflow.trace.archiveLocation'])

export const STATES: Readonly<Record<string, TraceState>> = {
  ...{ OK: 'ok', ERROR: 'error', IN_PROGRESS: 'in_progress' },
  ...{ STATE_UNSPECIFIED: 'unspecified', TRACE_STATUS_UNSPECIFIED: 'unspecified' },
}
const NUMBERED = ['STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS']
const NAMES: Record<TraceState, string> = {
  ok: 'OK',
  error: 'ERROR',
  in_progress: 'IN_PROGRESS',
  unspecified: 'STATE_UNSPECIFIED',
}

/** By name, or by the number it has in protocol buffers. */
export const State = z
  .union([z.string(), z.int()])
  .transform((state) => STATES[typeof state === 'number' ? (NUMBERED[state] ?? '') : state])
  .refine((state) => state !== undefined, 'is no state of a trace')

export const TraceInfoMessage = z.object({
  trace_id: z.string(),
  client_request_id: z.string().nullish(),
  trace_location: z.object({ mlflow_experiment: z.object({ experiment_id: z.string() }).optional() }),
  request_preview: z.string().nullish(),
  response_preview: z.string().nullish(),
  request_time: Timestamp,
  execution_duration: Duration.nullish(),
  state: State.default('unspecified'),
  trace_metadata: z.record(z.string(), z.string()).default({}),
  tags: z.record(z.string(), z.string()).default({}),
  assessments: z.array(AssessmentMessage).default([]),
})
export type TraceInfoMessage = z.output<typeof TraceInfoMessage>

export const TraceInfoReply = z.object({
  trace_id: z.string(),
  client_request_id: z.string().optional(),
  trace_location: z.object({
    type: z.literal('MLFLOW_EXPERIMENT'),
    mlflow_experiment: z.object({ experiment_id: z.string() }),
  }),
  request_preview: z.string().optional(),
  response_preview: z.string().optional(),
  request_time: z.string(),
  execution_duration: z.string().optional(),
  state: z.string(),
  trace_metadata: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  assessments: z.array(AssessmentReply),
})

/** The form of MLflow 2. */
export const TraceInfoV2Reply = z.object({
  request_id: z.string(),
  experiment_id: z.string(),
  timestamp_ms: z.number(),
  execution_time_ms: z.number(),
  status: z.string(),
  request_metadata: z.array(KeyValue),
  tags: z.array(KeyValue),
})

export function traceInfoReply(trace: WholeTrace): z.input<typeof TraceInfoReply> {
  return {
    trace_id: trace.id,
    ...(trace.clientRequestId !== null && { client_request_id: trace.clientRequestId }),
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: trace.experimentId } },
    ...(trace.request !== null && { request_preview: trace.request }),
    ...(trace.response !== null && { response_preview: trace.response }),
    request_time: timestampText(trace.startedAt),
    ...(trace.durationMs !== null && { execution_duration: durationText(trace.durationMs) }),
    state: NAMES[trace.state],
    trace_metadata: metadataReply(trace),
    tags: tagsReply(trace),
    assessments: trace.assessments.map((assessment) => assessmentReply(trace.id, assessment)),
  }
}

export function traceInfoV2Reply(trace: WholeTrace): z.input<typeof TraceInfoV2Reply> {
  return {
    request_id: trace.id,
    experiment_id: trace.experimentId,
    timestamp_ms: trace.startedAt,
    execution_time_ms: trace.durationMs ?? 0,
    status: trace.state === 'unspecified' ? 'TRACE_STATUS_UNSPECIFIED' : NAMES[trace.state],
    request_metadata: pairs(metadataReply(trace)),
    tags: pairs(tagsReply(trace)),
  }
}

/** Where the client puts the files of a trace, and its spans if they are not here yet. */
export const artifactUri = ({ experimentId, id }: Pick<WholeTrace, 'experimentId' | 'id'>) =>
  `mlflow-artifacts:/${experimentId}/traces/${id}/artifacts`

function tagsReply(trace: WholeTrace): Record<string, string> {
  return {
    ...trace.tags,
    ...(trace.name !== null && { [TRACE_NAME]: trace.name }),
    [ARTIFACT_LOCATION]: artifactUri(trace),
    // Without it the client uploads the spans as a file, and looks for that file.
    ...(trace.spans > 0 && { [SPANS_LOCATION]: 'TRACKING_STORE' }),
  }
}

function metadataReply({ metadata, session, run, tokens }: WholeTrace): Record<string, string> {
  return {
    ...(session !== null && { [SESSION]: session }),
    ...(run !== null && { [SOURCE_RUN]: run }),
    ...(tokens && {
      [TOKEN_USAGE]: JSON.stringify({
        input_tokens: tokens.input,
        output_tokens: tokens.output,
        total_tokens: tokens.total,
      }),
    }),
    ...metadata,
  }
}

/** How many spans the client says it has sent; 0 where it says nothing. */
export function announcedSpans({ metadata }: Pick<WholeTrace, 'metadata'>): number {
  const told = /"num_spans":\s*(\d{1,9})/.exec(metadata[SIZE_STATS] ?? '')?.[1]
  return told === undefined ? 0 : Number(told)
}

/** @throws ParameterInvalid */
export function descriptionFrom(info: TraceInfoMessage, now: number): Description {
  const experiment = info.trace_location.mlflow_experiment?.experiment_id
  if (!experiment) throw new ParameterInvalid('The location of a trace is an experiment here: mlflow_experiment.')
  return {
    id: info.trace_id,
    experiment,
    clientRequestId: info.client_request_id ?? null,
    state: info.state ?? 'unspecified',
    startedAt: info.request_time,
    durationMs: info.execution_duration ?? null,
    request: info.request_preview ?? null,
    response: info.response_preview ?? null,
    assessments: info.assessments.map((assessment) => assessmentFrom(assessment, now)),
    ...factsIn(info.tags, info.trace_metadata),
  }
}

/** Tags and metadata, and the facts of our own that they tell. */
export function factsIn(
  tags: Readonly<Record<string, string>>,
  metadata: Readonly<Record<string, string>>,
): Pick<Description, 'name' | 'run' | 'session' | 'tokens' | 'tags' | 'metadata'> {
  const kept = Object.entries(tags).filter(([key]) => key !== TRACE_NAME && !OURS.has(key))
  return {
    name: tags[TRACE_NAME] || null,
    run: metadata[SOURCE_RUN] || null,
    session: metadata[SESSION] || null,
    tokens: tokensFrom(metadata[TOKEN_USAGE]),
    tags: Object.fromEntries(kept.map(([key, value]) => checkedTraceTag(key, value))),
    metadata,
  }
}

/** @throws ParameterInvalid */
export function checkedTraceTag(key: string, value: string): [key: string, value: string] {
  if (key === '') throw new ParameterInvalid('A key name must be provided.')
  if (OURS.has(key)) throw new ParameterInvalid(`Tag '${key}' is immutable and cannot be set on a trace.`)
  if (key.length > 250)
    throw new ParameterInvalid(`The key of a tag is longer than 250 characters: '${key.slice(0, 250)}'.`)
  return [key, value.slice(0, 8_000)]
}
