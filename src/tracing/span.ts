import type { SpanStatus, Tokens } from './contract.ts'
import { SpanInvalid, TraceIdInvalid } from './errors.ts'

/** A value of an attribute. OpenTelemetry tells whole numbers from others, and so do we: `bigint` and `number`. */
export type AttributeValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue }

export type Attributes = Readonly<Record<string, AttributeValue>>

export interface Span {
  /** 16 hexadecimal digits. */
  readonly id: string
  /** The trace's id: see `traceIdOf`. */
  readonly trace: string
  readonly parent: string | null
  readonly name: string
  /** What kind of work it is, in the words of its client: `LLM`, `TOOL`, `RETRIEVER`, `UNKNOWN`, … */
  readonly type: string
  readonly status: SpanStatus
  readonly message: string
  readonly startedNs: bigint
  readonly endedNs: bigint | null
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly atNs: bigint; readonly attributes: Attributes }[]
  readonly links: readonly { readonly trace: string; readonly span: string; readonly attributes: Attributes }[]
  /** Which attributes hold what went in and what came out. */
  readonly inputsKey: string | null
  readonly outputsKey: string | null
  readonly tokens: Tokens | null
}

/** What spans tell about their trace beyond themselves. */
export interface TraceHints {
  readonly session?: string | undefined
  readonly run?: string | undefined
  readonly tags?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
}

/** Deeper values are refused: whoever reads them would have to recurse as deep. */
export const DEEPEST = 64
const LONGEST_NAME = 2_000

/** The id of the trace that holds spans with this trace id of OpenTelemetry. @throws TraceIdInvalid */
export function traceIdOf(openTelemetryId: string): string {
  return checkTraceId(`tr-${openTelemetryId}`)
}

/** @throws TraceIdInvalid */
export function checkTraceId(trace: string): string {
  if (!/^tr-(?!0{32})[0-9a-f]{32}$/.test(trace)) throw new TraceIdInvalid(trace)
  return trace
}

/**
 * The span as it is kept: ids checked, a name of a reasonable length, text that every database takes.
 *
 * @throws SpanInvalid, TraceIdInvalid
 */
export function checkedSpan(span: Span): Span {
  checkTraceId(span.trace)
  if (!isSpanId(span.id)) throw new SpanInvalid('its id is not 8 bytes, or all of them are 0')
  if (span.parent !== null && !isSpanId(span.parent)) throw new SpanInvalid('the id of its parent is not 8 bytes')
  if (span.startedNs <= 0n) throw new SpanInvalid('it has no start time')
  if (span.startedNs > LATEST_NS || (span.endedNs ?? 0n) > LATEST_NS) throw new SpanInvalid('its time is out of range')
  return {
    ...span,
    name: cleanText(span.name).slice(0, LONGEST_NAME),
    type: cleanText(span.type).slice(0, 250) || 'UNKNOWN',
    message: cleanText(span.message),
    attributes: cleanAttributes(span.attributes),
    events: span.events.map((event) => ({
      name: cleanText(event.name),
      atNs: event.atNs,
      attributes: cleanAttributes(event.attributes),
    })),
    links: span.links.map((link) => ({ ...link, attributes: cleanAttributes(link.attributes) })),
  }
}

/** OpenTelemetry's times are unsigned 64 bits; the year 2262 is where signed ones end. */
const LATEST_NS = 2n ** 63n - 1n

const isSpanId = (id: string) => /^(?!0{16})[0-9a-f]{16}$/.test(id)

/** PostgreSQL keeps neither NUL nor half a surrogate pair. */
export const cleanText = (text: string) => text.replaceAll('\0', '').toWellFormed()

function cleanAttributes(attributes: Attributes): Attributes {
  return cleanRecord(attributes, 0)
}

function cleanRecord(record: Readonly<Record<string, AttributeValue>>, depth: number) {
  const clean: Record<string, AttributeValue> = Object.create(null)
  for (const [key, value] of Object.entries(record)) clean[cleanText(key)] = cleanValue(value, depth + 1)
  return clean
}

function cleanValue(value: AttributeValue, depth: number): AttributeValue {
  if (depth > DEEPEST) throw new SpanInvalid(`an attribute is nested more than ${DEEPEST} deep`)
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: AttributeValue) => cleanValue(item, depth + 1))
  return cleanRecord(value as Record<string, AttributeValue>, depth)
}
