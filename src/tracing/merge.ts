import type { Assessment, Tokens, TraceState } from './contract.ts'
import { previewOf } from './preview.ts'
import type { Span, TraceHints } from './span.ts'
import { type TraceRow, tokenColumns } from './store/tables.ts'

/** What a client tells about a trace as a whole, mostly when it has ended. */
export interface Description {
  id: string
  /** Its id. */
  experiment: string
  name: string | null
  run: string | null
  session: string | null
  clientRequestId: string | null
  state: TraceState
  startedAt: number
  durationMs: number | null
  request: string | null
  response: string | null
  tokens: Tokens | null
  tags: Readonly<Record<string, string>>
  metadata: Readonly<Record<string, string>>
  assessments: readonly Assessment[]
}

/** A client's word counts more than what its spans say; what it leaves open stays as the spans said. */
export function describedRow(before: TraceRow | undefined, told: Description): TraceRow {
  return {
    id: told.id,
    experiment: told.experiment,
    name: told.name ?? before?.name ?? null,
    run: told.run ?? before?.run ?? null,
    session: told.session ?? before?.session ?? null,
    client_request_id: told.clientRequestId ?? before?.client_request_id ?? null,
    state: told.state,
    started_at: told.startedAt,
    duration_ms: told.durationMs,
    request: told.request ?? before?.request ?? null,
    response: told.response ?? before?.response ?? null,
    ...(told.tokens || !before ? tokenColumns(told.tokens) : tokensOf(before)),
    spans: before?.spans ?? 0,
    described: 1,
    tokens_told: told.tokens ? 1 : (before?.tokens_told ?? 0),
  }
}

/** The trace after some of its spans came in, in whatever order they do. @param spans at least one */
export function rowWithSpans(
  before: TraceRow | undefined,
  experiment: string,
  spans: readonly Span[],
  hints: TraceHints,
): TraceRow {
  const root = spans.find((span) => span.parent === null)
  const row = before ?? newRow(spans[0]!.trace, experiment, spans)
  const request = root && previewOf(attributeOf(root, root.inputsKey), 'user')
  const response = root && previewOf(attributeOf(root, root.outputsKey), 'assistant')
  return {
    ...row,
    ...(row.described ? {} : timesWith(row, spans)),
    name: row.name ?? root?.name ?? null,
    run: row.run ?? hints.run ?? null,
    session: row.session ?? hints.session ?? null,
    state: root && isOpen(row.state) ? (root.status === 'error' ? 'error' : 'ok') : row.state,
    request: row.request ?? request ?? null,
    response: row.response ?? response ?? null,
  }
}

const isOpen = (state: TraceState) => state === 'in_progress' || state === 'unspecified'

const attributeOf = (span: Span, key: string | null) => (key === null ? null : (span.attributes[key] ?? null))

function newRow(id: string, experiment: string, spans: readonly Span[]): TraceRow {
  return {
    id,
    experiment,
    name: null,
    run: null,
    session: null,
    client_request_id: null,
    state: 'in_progress',
    started_at: startOf(spans),
    duration_ms: null,
    request: null,
    response: null,
    ...tokenColumns(null),
    spans: 0,
    described: 0,
    tokens_told: 0,
  }
}

function timesWith(row: TraceRow, spans: readonly Span[]) {
  const start = Math.min(Number(row.started_at), startOf(spans))
  const ends = spans.flatMap((span) => (span.endedNs === null ? [] : [milliseconds(span.endedNs)]))
  if (row.duration_ms !== null) ends.push(Number(row.started_at) + Number(row.duration_ms))
  return { started_at: start, duration_ms: ends.length === 0 ? null : largest(ends) - start }
}

const startOf = (spans: readonly Span[]) =>
  spans.map((span) => milliseconds(span.startedNs)).reduce((a, b) => Math.min(a, b))
const largest = (numbers: readonly number[]) => numbers.reduce((a, b) => Math.max(a, b))
const milliseconds = (ns: bigint) => Number(ns / 1_000_000n)

function tokensOf({ input_tokens, output_tokens, total_tokens }: TraceRow) {
  return { input_tokens, output_tokens, total_tokens }
}
