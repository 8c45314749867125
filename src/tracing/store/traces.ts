import { type ExpressionBuilder, sql } from 'kysely'
import type { Storage, Tx } from '#platform/storage'
import { inPieces, reading, type TraceRow, type TracingTables } from './tables.ts'

export async function traceRows(from: Storage | Tx, ids: readonly string[]): Promise<TraceRow[]> {
  const rows: TraceRow[] = []
  for (const piece of inPieces(ids, 1))
    rows.push(...(await reading(from).selectFrom('tracing_traces').selectAll().where('id', 'in', piece).execute()))
  return rows
}

/** Writes whole rows, in place of what was there: the caller has merged them. */
export async function upsertTraces(tx: Tx, rows: readonly TraceRow[]): Promise<void> {
  for (const piece of inPieces(rows, 17)) {
    await reading(tx)
      .insertInto('tracing_traces')
      .values([...piece])
      .onConflict((c) => c.column('id').doUpdateSet(excludedColumns(piece[0]!)))
      .execute()
  }
}

/** Every column but the id, as the statement wanted to insert it. */
function excludedColumns(row: TraceRow) {
  const { id: _, ...columns } = row
  return (e: ExpressionBuilder<TracingTables & { excluded: TraceRow }, 'tracing_traces' | 'excluded'>) =>
    Object.fromEntries(
      Object.keys(columns).map((column) => [column, e.ref(`excluded.${column as keyof typeof columns}`)]),
    )
}

export interface Pair {
  trace: string
  key: string
  value: string
}

export async function upsertPairs(
  tx: Tx,
  table: 'tracing_tags' | 'tracing_metadata',
  pairs: readonly Pair[],
): Promise<void> {
  // The last of two with the same key counts; one statement must not write a row twice.
  const last = new Map(pairs.map((pair) => [`${pair.trace} ${pair.key}`, pair]))
  for (const piece of inPieces([...last.values()], 3)) {
    await reading(tx)
      .insertInto(table)
      .values([...piece])
      .onConflict((c) => c.columns(['trace', 'key']).doUpdateSet({ value: sql`excluded.value` }))
      .execute()
  }
}

/** Writes those whose key is not there yet. */
export async function insertMissingMetadata(tx: Tx, pairs: readonly Pair[]): Promise<void> {
  for (const piece of inPieces(pairs, 3)) {
    await reading(tx)
      .insertInto('tracing_metadata')
      .values([...piece])
      .onConflict((c) => c.columns(['trace', 'key']).doNothing())
      .execute()
  }
}

/** @returns whether there was such a tag */
export async function deleteTag(tx: Tx, trace: string, key: string): Promise<boolean> {
  const { numDeletedRows } = await reading(tx)
    .deleteFrom('tracing_tags')
    .where('trace', '=', trace)
    .where('key', '=', key)
    .executeTakeFirst()
  return numDeletedRows > 0
}

export async function pairsOf(
  from: Storage | Tx,
  table: 'tracing_tags' | 'tracing_metadata',
  traces: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>()
  for (const piece of inPieces(traces, 1)) {
    const rows = await reading(from).selectFrom(table).selectAll().where('trace', 'in', piece).orderBy('key').execute()
    for (const [trace, pairs] of Map.groupBy(rows, (row) => row.trace))
      found.set(trace, Object.fromEntries(pairs.map(({ key, value }) => [key, value])))
  }
  return found
}

/** Links that are there already stay. */
export async function insertLinks(tx: Tx, links: readonly TracingTables['tracing_links'][]): Promise<void> {
  for (const piece of inPieces(links, 3)) {
    await reading(tx)
      .insertInto('tracing_links')
      .values([...piece])
      .onConflict((c) => c.doNothing())
      .execute()
  }
}

export interface DeleteFilter {
  experiment?: string | undefined
  ids?: readonly string[] | undefined
  startedUntil?: number | undefined
  limit: number
}

/** The oldest first. @returns how many there were */
export async function deleteTraces(tx: Tx, filter: DeleteFilter): Promise<number> {
  let query = reading(tx).selectFrom('tracing_traces').select('id')
  if (filter.experiment !== undefined) query = query.where('experiment', '=', filter.experiment)
  if (filter.ids) query = query.where('id', 'in', filter.ids)
  if (filter.startedUntil !== undefined) query = query.where('started_at', '<=', filter.startedUntil)
  const rows = await query.orderBy('started_at').orderBy('id').limit(filter.limit).execute()
  const ids = rows.map((row) => row.id)
  for (const piece of inPieces(ids, 1))
    await reading(tx).deleteFrom('tracing_traces').where('id', 'in', piece).execute()
  return ids.length
}

export async function tracedExperiments(
  storage: Storage,
): Promise<{ experiment: string; traces: number; latest: number }[]> {
  const rows = await reading(storage)
    .selectFrom('tracing_traces')
    .select((e) => ['experiment', e.fn.countAll<number>().as('traces'), e.fn.max('started_at').as('latest')])
    .groupBy('experiment')
    .orderBy('latest', 'desc')
    .execute()
  return rows.map((row) => ({ experiment: row.experiment, traces: Number(row.traces), latest: Number(row.latest) }))
}

export async function upsertAttachment(tx: Tx, row: TracingTables['tracing_attachments']): Promise<void> {
  await reading(tx)
    .insertInto('tracing_attachments')
    .values(row)
    .onConflict((c) => c.columns(['trace', 'path']).doUpdateSet({ hash: sql`excluded.hash`, size: sql`excluded.size` }))
    .execute()
}

export function attachmentsOf(
  storage: Storage,
  trace: string,
  path?: string,
): Promise<TracingTables['tracing_attachments'][]> {
  let query = reading(storage).selectFrom('tracing_attachments').selectAll().where('trace', '=', trace)
  if (path !== undefined) query = query.where('path', '=', path)
  return query.orderBy('path').execute()
}
