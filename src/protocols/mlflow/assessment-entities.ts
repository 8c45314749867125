/** What is said of traces, as MLflow has it. Pure. */
import { z } from 'zod'
import { type AssessmentChange, type NewAssessment, newAssessmentId } from '#tracing'
import type { Assessment } from '#tracing/contract'
import { ParameterInvalid } from './dialect.ts'
import { Timestamp, timestampText } from './proto-time.ts'

const Failure = z.object({
  error_code: z.string().default(''),
  error_message: z.string().nullish(),
  stack_trace: z.string().nullish(),
})

const FIELDS = {
  assessment_id: z.string().optional(),
  assessment_name: z.string().max(250).optional(),
  trace_id: z.string().optional(),
  span_id: z.string().optional(),
  source: z.object({ source_type: z.union([z.string(), z.int()]), source_id: z.string().default('') }).optional(),
  feedback: z.object({ value: z.unknown().optional(), error: Failure.nullish() }).optional(),
  expectation: z
    .object({
      value: z.unknown().optional(),
      serialized_value: z.object({ serialization_format: z.string(), value: z.string() }).optional(),
    })
    .optional(),
  issue: z.object({ issue_name: z.string().default('') }).optional(),
  rationale: z.string().optional(),
  error: Failure.optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  overrides: z.string().optional(),
  valid: z.boolean().optional(),
}

export const AssessmentMessage = z.object({
  ...FIELDS,
  create_time: Timestamp.optional(),
  last_update_time: Timestamp.optional(),
})
export type AssessmentMessage = z.output<typeof AssessmentMessage>

export const AssessmentReply = z.object({ ...FIELDS, create_time: z.string(), last_update_time: z.string() })

/** The order of sources in MLflow's protocol buffers. */
const SOURCES = ['SOURCE_TYPE_UNSPECIFIED', 'HUMAN', 'LLM_JUDGE', 'CODE']
const JSON_FORMAT = 'JSON_FORMAT'

/** @throws ParameterInvalid */
export function newAssessmentFrom(message: AssessmentMessage): NewAssessment {
  if (!message.assessment_name) throw new ParameterInvalid("Missing value for required parameter 'assessment_name'.")
  if (!message.source) throw new ParameterInvalid("Missing value for required parameter 'source'.")
  const type = message.source.source_type
  return {
    ...valueIn(message),
    name: message.assessment_name,
    span: message.span_id || null,
    source: { type: typeof type === 'number' ? (SOURCES[type] ?? String(type)) : type, id: message.source.source_id },
    rationale: message.rationale || null,
    metadata: message.metadata ?? {},
    overrides: message.overrides || null,
    createdAt: message.create_time,
    updatedAt: message.last_update_time,
  }
}

/** One that comes with its trace. @throws ParameterInvalid */
export function assessmentFrom(message: AssessmentMessage, now: number): Assessment {
  const { createdAt = now, updatedAt = now, ...told } = newAssessmentFrom(message)
  const id = message.assessment_id || newAssessmentId(now)
  return { ...told, id, valid: message.valid ?? true, createdAt, updatedAt }
}

/** Only what the mask names. @throws ParameterInvalid */
export function changeFrom(message: AssessmentMessage, mask: readonly string[]): AssessmentChange {
  const change: AssessmentChange = {}
  for (const path of mask) {
    if (path === 'assessment_name') change.name = message.assessment_name || undefined
    else if (path === 'rationale') change.rationale = message.rationale
    else if (path === 'metadata') change.metadata = message.metadata
    else if (path === 'feedback' || path === 'expectation') {
      if (change.kind !== undefined)
        throw new ParameterInvalid('Exactly one of `expectation` or `feedback` should be specified.')
      Object.assign(change, valueIn({ [path]: message[path] }))
    }
  }
  return change
}

function valueIn(message: AssessmentMessage): Pick<Assessment, 'kind' | 'value' | 'error'> {
  const { feedback, expectation, issue } = message
  if ([feedback, expectation, issue].filter(Boolean).length !== 1)
    throw new ParameterInvalid('Exactly one of `expectation`, `feedback`, or `issue` should be specified.')
  if (issue) return { kind: 'issue', value: issue.issue_name, error: null }
  if (expectation) return { kind: 'expectation', value: expected(expectation), error: null }
  const error = feedback!.error ?? message.error
  return {
    kind: 'feedback',
    value: feedback!.value ?? null,
    error: error
      ? { code: error.error_code, message: error.error_message ?? null, stack: error.stack_trace ?? null }
      : null,
  }
}

function expected({ value, serialized_value }: NonNullable<AssessmentMessage['expectation']>): unknown {
  if (!serialized_value) return value ?? null
  if (serialized_value.serialization_format !== JSON_FORMAT)
    throw new ParameterInvalid(
      `Unknown serialization format: ${serialized_value.serialization_format.slice(0, 100)}. Only JSON_FORMAT is supported.`,
    )
  try {
    return JSON.parse(serialized_value.value)
  } catch {
    throw new ParameterInvalid('The value of an expectation is no JSON.')
  }
}

export function assessmentReply(trace: string, assessment: Assessment): z.input<typeof AssessmentReply> {
  const { error, value } = assessment
  return {
    assessment_id: assessment.id,
    assessment_name: assessment.name,
    trace_id: trace,
    ...(assessment.span !== null && { span_id: assessment.span }),
    source: { source_type: assessment.source.type, source_id: assessment.source.id },
    create_time: timestampText(assessment.createdAt),
    last_update_time: timestampText(assessment.updatedAt),
    ...(assessment.kind === 'issue' && { issue: { issue_name: String(value) } }),
    ...(assessment.kind === 'expectation' && { expectation: expectationReply(value) }),
    ...(assessment.kind === 'feedback' && {
      feedback: {
        value,
        ...(error && {
          error: {
            error_code: error.code,
            ...(error.message !== null && { error_message: error.message }),
            ...(error.stack !== null && { stack_trace: error.stack }),
          },
        }),
      },
    }),
    ...(assessment.rationale !== null && { rationale: assessment.rationale }),
    metadata: assessment.metadata,
    ...(assessment.overrides !== null && { overrides: assessment.overrides }),
    valid: assessment.valid,
  }
}

/** Lists and objects travel as text, as clients send them. */
function expectationReply(value: unknown) {
  return typeof value === 'object'
    ? { serialized_value: { serialization_format: JSON_FORMAT, value: JSON.stringify(value) } }
    : { value }
}
