import type { Kysely } from 'kysely'
import { type Storage, type Tx, tables } from '#platform/storage'
import type { Assessment, SpanStatus, Tokens, TraceState } from '../contract.ts'

export interface TraceRow extends TokenColumns {
  id: string
  experiment: string
  name: string | null
  run: string | null
  session: string | null
  client_request_id: string | null
  state: TraceState
  started_at: number
  duration_ms: number | null
  request: string | null
  response: string | null
  /** How many are kept. */
  spans: number
  /** 1 once its client has told of the trace as a whole: what spans say no longer changes its times. */
  described: number
  /** 1 when the client has told the tokens of the whole. */
  tokens_told: number
}

export interface SpanRow extends TokenColumns {
  trace: string
  id: string
  parent: string | null
  name: string
  type: string
  status: SpanStatus
  message: string
  /** 20 digits, so that the order of texts is the order of times: 64 bits are too many for a number of JavaScript. */
  started_ns: string
  ended_ns: string | null
  inputs_key: string | null
  outputs_key: string | null
  /** JSON as `encodeValues` writes it. */
  attributes: string
  events: string
  links: string
}

export interface TokenColumns {
  input_tokens: number | null
  output_tokens: number | null
  total_tokens: number | null
}

export interface AssessmentRow {
  id: string
  trace: string
  name: string
  kind: Assessment['kind']
  span: string | null
  source_type: string
  source_id: string
  /** JSON. */
  value: string
  /** The value where it is a number or a truth value, to compare by. */
  number: number | null
  error: string
  rationale: string | null
  metadata: string
  overrides: string | null
  valid: number
  created_at: number
  updated_at: number
}

export interface TracingTables {
  tracing_traces: TraceRow
  tracing_tags: { trace: string; key: string; value: string }
  tracing_metadata: { trace: string; key: string; value: string }
  tracing_spans: SpanRow
  tracing_assessments: AssessmentRow
  /** What a trace belongs to besides its own run. */
  tracing_links: { trace: string; kind: 'run' | 'prompt'; target: string }
  tracing_attachments: { trace: string; path: string; hash: string; size: number }
}

/** A query builder that sees what `from` sees: a transaction its own writes, the storage what is committed. */
export function reading(from: Storage | Tx): Kysely<TracingTables> {
  return 'reads' in from ? from.reads<TracingTables>() : tables<TracingTables>(from)
}

/** SQLite takes 32,766 values in a statement. */
const MOST_VALUES = 30_000

/** `items` in pieces, so that a statement with `width` values for each of them stays below the databases' limits. */
export function* inPieces<T>(items: readonly T[], width: number): Generator<readonly T[]> {
  const size = Math.floor(MOST_VALUES / width)
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}

export function tokenColumns(tokens: Tokens | null): TokenColumns {
  return {
    input_tokens: tokens?.input ?? null,
    output_tokens: tokens?.output ?? null,
    total_tokens: tokens?.total ?? null,
  }
}

export function tokensFrom({ input_tokens, output_tokens, total_tokens }: TokenColumns): Tokens | null {
  if (total_tokens === null) return null
  return { input: input_tokens ?? 0, output: output_tokens ?? 0, total: total_tokens }
}
