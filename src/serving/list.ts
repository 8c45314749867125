import type { Storage } from '#platform/storage'
import type { SegmentQuery } from './archive/segment-file.ts'
import { type JoinedRow, joinedPredictions } from './store.ts'

/** Which predictions are listed, newest first. */
export interface ListFilter {
  readonly limit: number
  /** Before this place in the log. */
  readonly before?: number | undefined
  readonly version?: number | undefined
  readonly labelled?: boolean | undefined
  /** Event time in [from, to). */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** What was answered. */
  readonly label?: string | undefined
  /** In its id, its inputs or its label, in upper or lower case. */
  readonly text?: string | undefined
}

/** Rows of a segment that are looked at at once. */
export const LIST_PAGE = 500

export async function listFromTable(
  storage: Storage,
  endpoint: string,
  { limit, before, version, labelled, from, to, label, text }: ListFilter,
  floor: number,
): Promise<JoinedRow[]> {
  let query = joinedPredictions(storage).where('p.endpoint', '=', endpoint).where('p.seq', '>', floor)
  if (before !== undefined) query = query.where('p.seq', '<', before)
  if (version !== undefined) query = query.where('p.version', '=', version)
  if (labelled !== undefined) query = query.where('t.seq', labelled ? 'is not' : 'is', null)
  if (from !== undefined) query = query.where('p.event_time', '>=', from)
  if (to !== undefined) query = query.where('p.event_time', '<', to)
  if (label !== undefined) query = query.where('p.label', '=', label)
  if (text !== undefined) {
    const lower = text.toLowerCase()
    query = query.where((e) =>
      e.or(
        (['p.id', 'p.inputs', 'p.label'] as const).map((column) =>
          e(e.fn('replace', [e.fn('lower', [column]), e.val(lower), e.val('')]), '<>', e.fn('lower', [column])),
        ),
      ),
    )
  }
  return query.orderBy('p.seq', 'desc').limit(limit).execute()
}

/** The same of a segment; whether a label is known is not in the file. */
export function archivedList({ version, from, to, label, text }: ListFilter, before: number): SegmentQuery {
  const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`
  const micros = (ms: number) => `make_timestamp(${Math.round(ms)}000)`
  const conditions = [
    `t.seq < ${before}`,
    ...(version === undefined ? [] : [`t.version = ${version}`]),
    ...(from === undefined ? [] : [`t.event_time >= ${micros(from)}`]),
    ...(to === undefined ? [] : [`t.event_time < ${micros(to)}`]),
    ...(label === undefined ? [] : [`t.label = ${quoted(label)}`]),
    ...(text === undefined
      ? []
      : [`contains(lower(concat_ws(chr(10), t.id, t.inputs, t.label)), ${quoted(text.toLowerCase())})`]),
  ]
  return { where: conditions.join(' AND '), order: 'seq DESC', limit: LIST_PAGE }
}

/** What the file could not tell. */
export const fits = (row: JoinedRow, { labelled }: ListFilter) =>
  labelled === undefined || labelled === (row.joined !== null)
