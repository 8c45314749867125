import { OrreryError } from '#platform/errors'
import type { Storage, Tx } from '#platform/storage'
import type { Tracking } from '#tracking'
import { ExperimentInBin } from './errors.ts'
import { type Description, describedRow, rowWithSpans } from './merge.ts'
import { checkedSpan, checkTraceId, cleanText, type Span, type TraceHints } from './span.ts'
import { insertAssessments } from './store/assessments.ts'
import { countSpans, rowOf, upsertSpans, usageOf } from './store/spans.ts'
import { type Pair, insertMissingMetadata, traceRows, upsertPairs, upsertTraces } from './store/traces.ts'
import { type SpanRow, type TraceRow, tokenColumns } from './store/tables.ts'
import { tokensOfTrace } from './usage.ts'

export interface Recording {
  /**
   * Keeps spans, and makes or completes the traces they belong to; sent again, they replace themselves. Traces whose
   * experiment is known stay in it.
   *
   * @param experiment id of the experiment of traces that are new
   * @returns why spans were left out, a reason for each of those
   * @throws ExperimentUnknown, ExperimentInBin
   */
  recordSpans(experiment: string, spans: readonly Span[], hints?: ReadonlyMap<string, TraceHints>): Promise<string[]>
  /** Keeps what a client tells about a trace as a whole, before or after its spans. @throws ExperimentUnknown, … */
  describeTrace(description: Description): Promise<void>
}

/** Spans of one transaction: whoever waits behind it waits for no more than these. */
const SPANS_PER_WRITE = 1_000
/** Bytes of one transaction, of all that its spans carry. */
const BYTES_PER_WRITE = 8 * 1024 * 1024

const NO_HINTS: TraceHints = {}

export function openRecording({ storage, tracking }: { storage: Storage; tracking: Tracking }): Recording {
  async function requireActive(id: string): Promise<void> {
    const experiment = await tracking.experiment({ id })
    if (experiment.deletedAt !== null) throw new ExperimentInBin(id)
  }

  /** Two that write to one trace at the same time would each miss what the other found. */
  const serialize = (tx: Tx, experiment: string) => storage.capabilities.serialize(tx, `tracing ${experiment}`)

  return {
    recordSpans: async (experiment, spans, hints = new Map()) => {
      await requireActive(experiment)
      const rejected: string[] = []
      for (const piece of pieces(spans, rejected)) {
        const traces = Map.groupBy(piece, ({ span }) => span.trace)
        await storage.write(async (tx) => {
          await serialize(tx, experiment)
          const before = new Map((await traceRows(tx, [...traces.keys()])).map((row) => [row.id, row]))
          const rows = new Map<string, TraceRow>()
          for (const [trace, its] of traces) {
            const known = its.map(({ span }) => span)
            rows.set(trace, rowWithSpans(before.get(trace), experiment, known, hints.get(trace) ?? NO_HINTS))
          }
          // Spans refer to their trace: new ones have to be there first.
          await upsertTraces(
            tx,
            [...rows.values()].filter((row) => !before.has(row.id)),
          )
          await upsertSpans(
            tx,
            piece.map(({ row }) => row),
          )
          const counts = await countSpans(tx, [...rows.keys()])
          for (const [trace, row] of rows) {
            const tells = traces.get(trace)!.some(({ span }) => span.tokens !== null)
            const tokens = tells && !row.tokens_told ? tokensOfTrace(await usageOf(tx, trace)) : undefined
            rows.set(trace, { ...row, spans: counts.get(trace) ?? 0, ...(tokens && tokenColumns(tokens)) })
          }
          await upsertTraces(tx, [...rows.values()])
          await upsertPairs(
            tx,
            'tracing_tags',
            pairsFrom(rows.keys(), (trace) => hints.get(trace)?.tags),
          )
          await insertMissingMetadata(
            tx,
            pairsFrom(rows.keys(), (trace) => hints.get(trace)?.metadata),
          )
        })
      }
      return rejected
    },

    describeTrace: async (description) => {
      checkTraceId(description.id)
      await requireActive(description.experiment)
      await storage.write(async (tx) => {
        await serialize(tx, description.experiment)
        const [before] = await traceRows(tx, [description.id])
        await upsertTraces(tx, [cleanRow(describedRow(before, description))])
        const only = [description.id]
        await upsertPairs(
          tx,
          'tracing_tags',
          pairsFrom(only, () => description.tags),
        )
        await upsertPairs(
          tx,
          'tracing_metadata',
          pairsFrom(only, () => description.metadata),
        )
        await insertAssessments(tx, description.id, description.assessments)
      })
    },
  }
}

interface Written {
  span: Span
  row: SpanRow
}

/** Checked and made ready a piece at a time: the next while others had their turn. */
function* pieces(spans: readonly Span[], rejected: string[]): Generator<Written[]> {
  let piece: Written[] = []
  let bytes = 0
  for (const sent of spans) {
    const span = checked(sent, rejected)
    if (!span) continue
    const row = rowOf(span)
    piece.push({ span, row })
    bytes += row.attributes.length + row.events.length + row.links.length
    if (piece.length < SPANS_PER_WRITE && bytes < BYTES_PER_WRITE) continue
    yield piece
    piece = []
    bytes = 0
  }
  if (piece.length > 0) yield piece
}

function checked(span: Span, rejected: string[]): Span | undefined {
  try {
    return checkedSpan(span)
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error
    rejected.push(error.message)
    return undefined
  }
}

function pairsFrom(
  traces: Iterable<string>,
  of: (trace: string) => Readonly<Record<string, string>> | undefined,
): Pair[] {
  return [...traces].flatMap((trace) =>
    Object.entries(of(trace) ?? {}).map(([key, value]) => ({ trace, key: cleanText(key), value: cleanText(value) })),
  )
}

function cleanRow(row: TraceRow): TraceRow {
  const clean = (text: string | null) => text && cleanText(text)
  return {
    ...row,
    name: clean(row.name),
    run: clean(row.run),
    session: clean(row.session),
    client_request_id: clean(row.client_request_id),
    request: clean(row.request),
    response: clean(row.response),
  }
}
