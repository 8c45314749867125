/** Spans of OTLP, from protocol buffers or from JSON: the same fields, with other forms of bytes and of 64 bits. */
import { type Attributes, type AttributeValue, DEEPEST, type Span, traceIdOf } from '#tracing'
import type { SpanStatus } from '#tracing/contract'
import { meaningOf } from './conventions.ts'
import { ExportRequest, SpanMessage } from './schema.ts'

/** What cannot be read, in words for whoever sent it. */
export class Unreadable extends Error {}

export interface SentSpan {
  /** Of what sent it: `service.name` and the like. */
  resource: Attributes
  /** @throws Unreadable, TraceIdInvalid */
  read(): Span
}

/** The spans of a request in protocol buffers, each still unread. @throws Unreadable */
export function* spansInProtobuf(body: Uint8Array): Generator<SentSpan> {
  for (const { resource, spans } of spansIn(decoded(() => ExportRequest.decode(body))))
    for (const bytes of spans)
      yield { resource, read: () => spanFrom(decoded(() => SpanMessage.decode(bytes as Uint8Array))) }
}

/** The spans of a request in JSON. @throws Unreadable */
export function* spansInJson(body: Uint8Array): Generator<SentSpan> {
  const request: unknown = decoded(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  for (const { resource, spans } of spansIn(request)) {
    for (const span of spans) yield { resource, read: () => spanFrom(span) }
  }
}

function* spansIn(request: unknown): Generator<{ resource: Attributes; spans: readonly unknown[] }> {
  for (const sent of listIn(record(request), 'resourceSpans')) {
    const resource = attributesFrom(listIn(record(record(sent).resource ?? {}), 'attributes'))
    for (const scope of listIn(record(sent), 'scopeSpans')) yield { resource, spans: listIn(record(scope), 'spans') }
  }
}

function spanFrom(message: unknown): Span {
  const sent = record(message)
  const status = record(sent.status ?? {})
  const attributes = attributesFrom(listIn(sent, 'attributes'))
  const { session: _, user: __, ...meaning } = meaningOf(attributes)
  const ended = whole(sent.endTimeUnixNano)
  return {
    trace: traceIdOf(hex(sent.traceId)),
    id: hex(sent.spanId),
    parent: hex(sent.parentSpanId) || null,
    name: text(sent.name),
    status: STATUSES[Number(status.code ?? 0)] ?? NAMED_STATUSES[String(status.code)] ?? 'unset',
    message: text(status.message),
    startedNs: whole(sent.startTimeUnixNano),
    endedNs: ended === 0n ? null : ended,
    attributes,
    events: listIn(sent, 'events')
      .map(record)
      .map((event) => ({
        name: text(event.name),
        atNs: whole(event.timeUnixNano),
        attributes: attributesFrom(listIn(event, 'attributes')),
      })),
    links: listIn(sent, 'links')
      .map(record)
      .flatMap((link) => {
        const [trace, span] = [hex(link.traceId), hex(link.spanId)]
        // Some producers send ids that are too long: the link leads nowhere, the span is good.
        if (trace.length !== 32 || span.length !== 16) return []
        return [{ trace: `tr-${trace}`, span, attributes: attributesFrom(listIn(link, 'attributes')) }]
      }),
    ...meaning,
  }
}

const STATUSES: readonly SpanStatus[] = ['unset', 'ok', 'error']
const NAMED_STATUSES: Record<string, SpanStatus> = { STATUS_CODE_OK: 'ok', STATUS_CODE_ERROR: 'error' }

function attributesFrom(pairs: readonly unknown[]): Attributes {
  return pairsFrom(pairs, 0)
}

function pairsFrom(pairs: readonly unknown[], depth: number): Record<string, AttributeValue> {
  const values: Record<string, AttributeValue> = Object.create(null)
  for (const pair of pairs) {
    const { key, value } = record(pair)
    values[text(key)] = valueFrom(record(value ?? {}), depth + 1)
  }
  return values
}

function valueFrom(value: Fields, depth: number): AttributeValue {
  if (depth > DEEPEST) throw new Unreadable(`an attribute is nested more than ${DEEPEST} deep`)
  // One field of these is set: with protocol buffers the others would be found on the prototype.
  const [field] = Object.keys(value)
  switch (field) {
    case undefined:
      return null
    case 'stringValue':
      return text(value.stringValue)
    case 'boolValue':
      return value.boolValue === true
    case 'intValue':
      return BigInt.asIntN(64, whole(value.intValue))
    case 'doubleValue':
      return double(value.doubleValue)
    case 'bytesValue':
      return base64(value.bytesValue)
    case 'arrayValue':
      return listIn(record(value.arrayValue), 'values').map((item) => valueFrom(record(item), depth + 1))
    case 'kvlistValue':
      return pairsFrom(listIn(record(value.kvlistValue), 'values'), depth)
    default:
      throw new Unreadable(`an attribute has a value of the unknown type "${field.slice(0, 50)}"`)
  }
}

type Fields = Record<string, unknown>

function record(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new Unreadable('an object was expected')
}

function listIn(fields: Fields, key: string): readonly unknown[] {
  const value = fields[key]
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw new Unreadable(`"${key}" is no list`)
}

function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw new Unreadable('a text was expected')
}

/** Ids: bytes, or hexadecimal digits in JSON. Bytes that were not sent are an empty list. */
function hex(value: unknown): string {
  if (Array.isArray(value) && value.length === 0) return ''
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')
  return text(value).toLowerCase()
}

function base64(value: unknown): string {
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    : text(value)
}

/** 64 bits: two halves from protocol buffers, digits or a number in JSON. */
function whole(value: unknown): bigint {
  if (value === undefined || value === null) return 0n
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  if (typeof value === 'object' && 'low' in value && 'high' in value)
    return (BigInt(Number(value.high) >>> 0) << 32n) | BigInt(Number(value.low) >>> 0)
  throw new Unreadable('a whole number was expected')
}

function double(value: unknown): number {
  if (typeof value === 'number') return value
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  throw new Unreadable('a number was expected')
}

function decoded<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error))
  }
}
