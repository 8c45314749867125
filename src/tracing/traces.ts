import type { Storage } from '#platform/storage'
import type { Tracking } from '#tracking'
import type { Assessment, SpanLine, Trace } from './contract.ts'
import { SpanUnknown, TagUnknown, TraceUnknown } from './errors.ts'
import { cleanText, type Span } from './span.ts'
import { assessmentsOf } from './store/assessments.ts'
import { listTraces, type TraceFilter } from './store/search.ts'
import { spanById, spanLines, spansOf } from './store/spans.ts'
import { type TraceRow, tokensFrom } from './store/tables.ts'
import {
  type DeleteFilter,
  deleteTag,
  deleteTraces,
  insertLinks,
  pairsOf,
  tracedExperiments,
  traceRows,
  upsertPairs,
  upsertTraces,
} from './store/traces.ts'

/** A trace with all that belongs to it but its spans. */
export interface WholeTrace extends Trace {
  tags: Record<string, string>
  metadata: Record<string, string>
  assessments: Assessment[]
}

export interface Traces {
  traces(filter: TraceFilter): Promise<WholeTrace[]>
  /** Those of these that there are, in the order given. */
  tracesById(ids: readonly string[]): Promise<WholeTrace[]>
  /** @throws TraceUnknown */
  trace(id: string): Promise<WholeTrace>
  /** Whole spans of a trace, the root first, then in the order they began. */
  spans(trace: string): Promise<Span[]>
  /** The same without what they carried. */
  spanLines(trace: string, page: { limit: number; offset: number }): Promise<SpanLine[]>
  /** @throws SpanUnknown */
  span(trace: string, id: string): Promise<Span>
  /** @throws TraceUnknown */
  tagTrace(id: string, tags: Readonly<Record<string, string>>): Promise<void>
  /** @throws TraceUnknown */
  renameTrace(id: string, name: string | null): Promise<void>
  /** @throws TraceUnknown, TagUnknown */
  untagTrace(id: string, key: string): Promise<void>
  /** Traces that are not there are left out. */
  linkTraces(ids: readonly string[], to: { kind: 'run' | 'prompt'; target: string }): Promise<void>
  /** The oldest first, for good. @returns how many */
  deleteTraces(filter: DeleteFilter): Promise<number>
  tracedExperiments(): Promise<{ id: string; name: string; traces: number; latestAt: number }[]>
}

/** Traces of one transaction: each takes its spans with it. */
const DELETED_PER_WRITE = 200

export function openTraces({ storage, tracking }: { storage: Storage; tracking: Tracking }): Traces {
  async function whole(rows: readonly TraceRow[]): Promise<WholeTrace[]> {
    const ids = rows.map((row) => row.id)
    const [tags, metadata, assessments, names] = await Promise.all([
      pairsOf(storage, 'tracing_tags', ids),
      pairsOf(storage, 'tracing_metadata', ids),
      assessmentsOf(storage, ids),
      experimentNames(tracking, new Set(rows.map((row) => row.experiment))),
    ])
    return rows.map((row) => ({
      ...traceFrom(row, names),
      tags: tags.get(row.id) ?? {},
      metadata: metadata.get(row.id) ?? {},
      assessments: assessments.get(row.id) ?? [],
    }))
  }

  return {
    traces: async (filter) => whole(await listTraces(storage, filter)),
    tracesById: async (ids) => {
      const rows = new Map((await traceRows(storage, ids)).map((row) => [row.id, row]))
      return whole([...new Set(ids)].flatMap((id) => rows.get(id) ?? []))
    },
    trace: async (id) => {
      const [found] = await whole(await traceRows(storage, [id]))
      if (!found) throw new TraceUnknown(id)
      return found
    },
    spans: (trace) => spansOf(storage, trace),
    spanLines: (trace, page) => spanLines(storage, trace, page),
    span: async (trace, id) => {
      const span = await spanById(storage, trace, id)
      if (!span) throw new SpanUnknown(trace, id)
      return span
    },
    tagTrace: (id, tags) =>
      storage.write(async (tx) => {
        if ((await traceRows(tx, [id])).length === 0) throw new TraceUnknown(id)
        await upsertPairs(
          tx,
          'tracing_tags',
          Object.entries(tags).map(([key, value]) => ({ trace: id, key: cleanText(key), value: cleanText(value) })),
        )
      }),
    renameTrace: (id, name) =>
      storage.write(async (tx) => {
        const [row] = await traceRows(tx, [id])
        if (!row) throw new TraceUnknown(id)
        await upsertTraces(tx, [{ ...row, name: name && cleanText(name) }])
      }),
    untagTrace: (id, key) =>
      storage.write(async (tx) => {
        if ((await traceRows(tx, [id])).length === 0) throw new TraceUnknown(id)
        if (!(await deleteTag(tx, id, key))) throw new TagUnknown(id, key)
      }),
    linkTraces: (ids, to) =>
      storage.write(async (tx) => {
        const known = await traceRows(tx, ids)
        await insertLinks(
          tx,
          known.map(({ id }) => ({ trace: id, ...to })),
        )
      }),
    deleteTraces: async ({ limit, ...filter }) => {
      let deleted = 0
      while (deleted < limit) {
        const most = Math.min(DELETED_PER_WRITE, limit - deleted)
        const gone = await storage.write((tx) => deleteTraces(tx, { ...filter, limit: most }))
        deleted += gone
        if (gone < most) break
      }
      return deleted
    },
    tracedExperiments: async () => {
      const counted = await tracedExperiments(storage)
      const names = await experimentNames(tracking, new Set(counted.map(({ experiment }) => experiment)))
      return counted.map(({ experiment: id, traces, latest }) => ({
        id,
        name: names.get(id) ?? id,
        traces,
        latestAt: latest,
      }))
    },
  }
}

async function experimentNames(tracking: Tracking, ids: ReadonlySet<string>): Promise<Map<string, string>> {
  if (ids.size === 0) return new Map()
  const found = await Promise.all([...ids].map((id) => tracking.experiments({ id, bin: 'with' })))
  return new Map(found.flat().map(({ id, name }) => [id, name]))
}

function traceFrom(row: TraceRow, names: ReadonlyMap<string, string>): Trace {
  return {
    id: row.id,
    name: row.name,
    experiment: names.get(row.experiment) ?? row.experiment,
    experimentId: row.experiment,
    run: row.run,
    state: row.state,
    startedAt: Number(row.started_at),
    durationMs: row.duration_ms === null ? null : Number(row.duration_ms),
    request: row.request,
    response: row.response,
    session: row.session,
    clientRequestId: row.client_request_id,
    tokens: tokensFrom(row),
    spans: row.spans,
  }
}
