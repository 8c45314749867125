import { OrreryError } from '#platform/errors'

export class TraceUnknown extends OrreryError {
  constructor(trace: string) {
    super({
      code: 'ORRERY_TRACING_TRACE_UNKNOWN',
      status: 404,
      message: `Trace with ID '${trace.slice(0, 100)}' not found.`,
      hint: 'List the traces of the experiment: GET /api/traces?experiment=…',
    })
  }
}

export class SpanUnknown extends OrreryError {
  constructor(trace: string, span: string) {
    super({
      code: 'ORRERY_TRACING_SPAN_UNKNOWN',
      status: 404,
      message: `There is no span ${span.slice(0, 100)} in trace ${trace.slice(0, 100)}.`,
      hint: 'List the spans of the trace: GET /api/traces/<trace>/spans',
    })
  }
}

export class TraceIdInvalid extends OrreryError {
  constructor(trace: string) {
    super({
      code: 'ORRERY_TRACING_TRACE_ID_INVALID',
      status: 400,
      message: `"${trace.slice(0, 100)}" is no id of a trace.`,
      hint: 'It is "tr-" and the 32 hexadecimal digits of the trace id of OpenTelemetry, not all of them 0.',
    })
  }
}

export class SpanInvalid extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_TRACING_SPAN_INVALID',
      status: 400,
      message: `A span is not of the expected form: ${reason}.`,
      hint: 'Compare it with the specification of OTLP: https://opentelemetry.io/docs/specs/otlp/',
    })
  }
}

export class ExperimentInBin extends OrreryError {
  constructor(experiment: string) {
    super({
      code: 'ORRERY_TRACING_EXPERIMENT_IN_BIN',
      status: 400,
      message: `The experiment ${experiment} is in the bin: it takes no traces.`,
      hint: 'Restore it first, or send the traces to another one.',
    })
  }
}

export class TagUnknown extends OrreryError {
  constructor(trace: string, key: string) {
    super({
      code: 'ORRERY_TRACING_TAG_UNKNOWN',
      status: 404,
      message: `No trace tag with key '${key.slice(0, 250)}' for trace with ID '${trace}'.`,
      hint: 'Tags are removed by the exact key they were set with.',
    })
  }
}

export class AssessmentUnknown extends OrreryError {
  constructor(trace: string, assessment: string) {
    super({
      code: 'ORRERY_TRACING_ASSESSMENT_UNKNOWN',
      status: 404,
      message: `Assessment with ID '${assessment.slice(0, 100)}' not found for trace '${trace}'.`,
      hint: 'A trace is read together with its assessments and their ids.',
    })
  }
}

export class AssessmentKindDiffers extends OrreryError {
  constructor(is: string, asked: string) {
    super({
      code: 'ORRERY_TRACING_ASSESSMENT_KIND_DIFFERS',
      status: 400,
      message: `Cannot update the ${asked} value of an assessment that is ${is === 'feedback' ? 'a' : 'an'} ${is}.`,
      hint: 'Create a new assessment of the kind you want.',
    })
  }
}

export class AttachmentUnknown extends OrreryError {
  constructor(trace: string, path: string) {
    super({
      code: 'ORRERY_TRACING_ATTACHMENT_UNKNOWN',
      status: 404,
      message: `There is no file "${path.slice(0, 200)}" of trace ${trace}.`,
      hint: 'List its files to see their paths.',
    })
  }
}
