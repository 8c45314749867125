import { sql } from 'kysely'
import type { Storage, Tx } from '#platform/storage'
import { decodeValues, encodeValues } from '../attribute-json.ts'
import type { SpanLine } from '../contract.ts'
import type { Attributes, Span } from '../span.ts'
import type { UsageOfSpan } from '../usage.ts'
import { inPieces, reading, type SpanRow, tokenColumns, tokensFrom } from './tables.ts'

/** A span sent again replaces itself: a client that saw no answer may send it twice. */
export async function upsertSpans(tx: Tx, rows: readonly SpanRow[]): Promise<void> {
  const last = new Map(rows.map((row) => [`${row.trace} ${row.id}`, row]))
  for (const piece of inPieces([...last.values()], 17)) {
    await reading(tx)
      .insertInto('tracing_spans')
      .values([...piece])
      .onConflict((c) =>
        c.columns(['trace', 'id']).doUpdateSet({
          parent: sql`excluded.parent`,
          name: sql`excluded.name`,
          type: sql`excluded.type`,
          status: sql`excluded.status`,
          message: sql`excluded.message`,
          started_ns: sql`excluded.started_ns`,
          ended_ns: sql`excluded.ended_ns`,
          inputs_key: sql`excluded.inputs_key`,
          outputs_key: sql`excluded.outputs_key`,
          input_tokens: sql`excluded.input_tokens`,
          output_tokens: sql`excluded.output_tokens`,
          total_tokens: sql`excluded.total_tokens`,
          attributes: sql`excluded.attributes`,
          events: sql`excluded.events`,
          links: sql`excluded.links`,
        }),
      )
      .execute()
  }
}

export async function countSpans(tx: Tx, traces: readonly string[]): Promise<Map<string, number>> {
  const rows = await reading(tx)
    .selectFrom('tracing_spans')
    .select((e) => ['trace', e.fn.countAll<number>().as('spans')])
    .where('trace', 'in', traces)
    .groupBy('trace')
    .execute()
  return new Map(rows.map((row) => [row.trace, Number(row.spans)]))
}

export async function usageOf(tx: Tx, trace: string): Promise<UsageOfSpan[]> {
  const rows = await reading(tx)
    .selectFrom('tracing_spans')
    .select(['id', 'parent', 'input_tokens', 'output_tokens', 'total_tokens'])
    .where('trace', '=', trace)
    .execute()
  return rows.map((row) => ({ id: row.id, parent: row.parent, tokens: tokensFrom(row) }))
}

/** The root first, then in the order they began. */
export async function spanLines(
  storage: Storage,
  trace: string,
  page: { limit: number; offset: number },
): Promise<SpanLine[]> {
  const rows = await ordered(storage, trace)
    .select(['id', 'parent', 'name', 'type', 'status', 'started_ns', 'ended_ns'])
    .select(['input_tokens', 'output_tokens', 'total_tokens'])
    .limit(page.limit)
    .offset(page.offset)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    parent: row.parent,
    name: row.name,
    type: row.type,
    status: row.status,
    startedNs: String(BigInt(row.started_ns)),
    endedNs: row.ended_ns === null ? null : String(BigInt(row.ended_ns)),
    tokens: tokensFrom(row),
  }))
}

/** Whole spans, in the same order. */
export async function spansOf(storage: Storage, trace: string): Promise<Span[]> {
  return (await ordered(storage, trace).selectAll().execute()).map(fromRow)
}

export async function spanById(storage: Storage, trace: string, id: string): Promise<Span | undefined> {
  const row = await reading(storage)
    .selectFrom('tracing_spans')
    .selectAll()
    .where('trace', '=', trace)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && fromRow(row)
}

function ordered(storage: Storage, trace: string) {
  return reading(storage)
    .selectFrom('tracing_spans')
    .where('trace', '=', trace)
    .orderBy(sql`case when parent is null then 0 else 1 end`)
    .orderBy('started_ns')
    .orderBy('id')
}

export function rowOf(span: Span): SpanRow {
  return {
    trace: span.trace,
    id: span.id,
    parent: span.parent,
    name: span.name,
    type: span.type,
    status: span.status,
    message: span.message,
    started_ns: digits(span.startedNs),
    ended_ns: span.endedNs === null ? null : digits(span.endedNs),
    inputs_key: span.inputsKey,
    outputs_key: span.outputsKey,
    ...tokenColumns(span.tokens),
    attributes: encodeValues(span.attributes),
    events: encodeValues(span.events),
    links: encodeValues(span.links),
  }
}

function fromRow(row: SpanRow): Span {
  return {
    id: row.id,
    trace: row.trace,
    parent: row.parent,
    name: row.name,
    type: row.type,
    status: row.status,
    message: row.message,
    startedNs: BigInt(row.started_ns),
    endedNs: row.ended_ns === null ? null : BigInt(row.ended_ns),
    inputsKey: row.inputs_key,
    outputsKey: row.outputs_key,
    tokens: tokensFrom(row),
    attributes: decodeValues(row.attributes) as Attributes,
    events: decodeValues(row.events) as unknown as Span['events'],
    links: decodeValues(row.links) as unknown as Span['links'],
  }
}

const digits = (ns: bigint) => String(ns).padStart(20, '0')
