/** Spans as MLflow reads and writes them: OTLP in JSON with the names of protocol buffers, and the file `traces.json`. Pure. */
import { type Attributes, type AttributeValue, decodeValues, encodeValues, type Span } from '#tracing'
import type { SpanStatus } from '#tracing/contract'
import { meaningOf } from '../otlp/conventions.ts'
import { ParameterInvalid } from './dialect.ts'

const REQUEST_ID = 'mlflow.traceRequestId'
const STATUSES: Record<SpanStatus, string> = {
  unset: 'STATUS_CODE_UNSET',
  ok: 'STATUS_CODE_OK',
  error: 'STATUS_CODE_ERROR',
}

export function spanReply(span: Span) {
  return {
    trace_id: base64(openTelemetryId(span.trace)),
    span_id: base64(span.id),
    ...(span.parent !== null && { parent_span_id: base64(span.parent) }),
    name: span.name,
    start_time_unix_nano: String(span.startedNs),
    ...(span.endedNs !== null && { end_time_unix_nano: String(span.endedNs) }),
    status: { code: STATUSES[span.status], ...(span.message && { message: span.message }) },
    attributes: keyValues(inMlflowsWords(span)),
    events: span.events.map((event) => ({
      name: event.name,
      time_unix_nano: String(event.atNs),
      attributes: keyValues(event.attributes),
    })),
    links: span.links.map((link) => ({
      trace_id: base64(openTelemetryId(link.trace)),
      span_id: base64(link.span),
      attributes: keyValues(link.attributes),
    })),
  }
}

/** The file as clients that know no spans on the server look for it. */
export function spansFile(spans: readonly Span[]): string {
  return encodeValues({
    spans: spans.map((span) => ({
      trace_id: base64(openTelemetryId(span.trace)),
      span_id: base64(span.id),
      parent_span_id: span.parent === null ? null : base64(span.parent),
      name: span.name,
      start_time_unix_nano: span.startedNs,
      end_time_unix_nano: span.endedNs,
      events: span.events.map(({ name, atNs, attributes }) => ({ name, time_unix_nano: atNs, attributes })),
      status: { code: STATUSES[span.status], message: span.message },
      attributes: {
        ...Object.fromEntries(Object.entries(inMlflowsWords(span)).map(([key, value]) => [key, encodeValues(value)])),
        [REQUEST_ID]: encodeValues(span.trace),
      },
      links: span.links.map(({ trace, span: id, attributes }) => ({ trace_id: trace, span_id: id, attributes })),
    })),
  })
}

/** @param trace whose file it is: whatever the spans say of it. @throws ParameterInvalid */
export function spansInFile(trace: string, text: string): Span[] {
  try {
    const { spans } = record(decodeValues(text))
    return list(spans).map((span) => spanFrom(trace, record(span)))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Malformed)) throw error
    throw new ParameterInvalid(`The file of spans cannot be read: ${error.message}`)
  }
}

class Malformed extends Error {}

type Json = { readonly [key: string]: AttributeValue }

/** Of MLflow 3, or of MLflow 2 where what identifies it is under `context`. */
function spanFrom(trace: string, sent: Json): Span {
  const status = record(sent.status ?? { code: sent.status_code ?? '', message: sent.status_message ?? '' })
  const attributes: Record<string, AttributeValue> = Object.create(null)
  for (const [key, value] of Object.entries(record(sent.attributes ?? {}))) attributes[key] = loaded(value)
  const { session: _, user: __, ...meaning } = meaningOf(attributes)
  const ended = sent.end_time_unix_nano ?? sent.end_time ?? null
  return {
    trace,
    id: spanId(record(sent.context ?? sent).span_id ?? ''),
    parent: spanId(sent.parent_span_id ?? sent.parent_id ?? '') || null,
    name: String(sent.name ?? ''),
    status: statusFrom(String(status.code ?? '')),
    message: String(status.message ?? ''),
    startedNs: nanoseconds(sent.start_time_unix_nano ?? sent.start_time ?? null),
    endedNs: ended === null ? null : nanoseconds(ended),
    attributes,
    events: list(sent.events ?? [])
      .map(record)
      .map((event) => ({
        name: String(event.name ?? ''),
        atNs: nanoseconds(event.time_unix_nano ?? event.timestamp ?? null),
        attributes: record(event.attributes ?? {}),
      })),
    links: list(sent.links ?? [])
      .map(record)
      .map((link) => ({
        trace: String(link.trace_id ?? ''),
        span: String(link.span_id ?? ''),
        attributes: record(link.attributes ?? {}),
      })),
    ...meaning,
  }
}

/** Clients of MLflow look for what went in and came out, and for the type, under their own names. */
function inMlflowsWords(span: Span): Attributes {
  const { attributes, inputsKey, outputsKey } = span
  return {
    ...(inputsKey !== null && { 'mlflow.spanInputs': attributes[inputsKey] ?? null }),
    ...(outputsKey !== null && { 'mlflow.spanOutputs': attributes[outputsKey] ?? null }),
    'mlflow.spanType': span.type,
    ...attributes,
  }
}

function keyValues(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: AttributeValue): Record<string, unknown> {
  if (value === null) return {}
  if (Array.isArray(value)) return { array_value: { values: value.map(anyValue) } }
  switch (typeof value) {
    case 'string':
      return { string_value: value }
    case 'boolean':
      return { bool_value: value }
    case 'bigint':
      // Python's whole numbers may be longer than the 64 bits there are for them.
      return BigInt.asIntN(64, value) === value ? { int_value: String(value) } : { string_value: String(value) }
    case 'number':
      return { double_value: Number.isFinite(value) ? value : String(value) }
    default:
      return { kvlist_value: { values: keyValues(value as Attributes) } }
  }
}

/** Values of attributes are JSON text in the file. */
function loaded(value: AttributeValue): AttributeValue {
  if (typeof value !== 'string') return value
  try {
    return decodeValues(value)
  } catch {
    return value
  }
}

const openTelemetryId = (trace: string) => trace.replace(/^tr-/, '')
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')

/** In base64, or hexadecimal with or without `0x`. */
function spanId(value: AttributeValue): string {
  const text = String(value)
  if (/^0x[0-9a-f]{1,16}$/.test(text)) return text.slice(2).padStart(16, '0')
  return /^[\w+/-]{11}=$/.test(text) ? Buffer.from(text, 'base64').toString('hex') : text
}

function statusFrom(code: string): SpanStatus {
  const word = code.replace('STATUS_CODE_', '').toLowerCase()
  return word === 'ok' || word === 'error' ? word : 'unset'
}

function nanoseconds(value: AttributeValue): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  throw new Malformed('a time is no whole number of nanoseconds.')
}

function record(value: AttributeValue): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new Malformed('an object was expected.')
}

function list(value: AttributeValue | undefined): readonly AttributeValue[] {
  if (Array.isArray(value)) return value
  throw new Malformed('a list was expected.')
}
