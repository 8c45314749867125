import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'

/** Which message of which stream; a stream that was made anew counts from 1 again. */
export interface MessagePlace {
  readonly origin: string
  readonly seq: number
}

/** A row that a stream told, by the names of the view's columns; times in µs. */
export interface LoggedRow extends MessagePlace {
  readonly keys: Readonly<Record<string, string>>
  readonly eventTime: number
  readonly created: number | null
  readonly cells: Readonly<Record<string, number | string | null>>
}

/** A message that is no row of the view. */
export interface RejectedMessage extends MessagePlace {
  readonly at: number
  readonly reason: string
  /** Its beginning. */
  readonly body: string
}

interface LogTables {
  /** `told` is empty of a row that is in the table of the view, and whose message may still come again. */
  features_stream_rows: { project: string; view: string; origin: string; seq: number; told: string }
  features_stream_floors: { project: string; view: string; origin: string; seq: number }
  features_stream_rejected: {
    project: string
    view: string
    origin: string
    seq: number
    at: number
    reason: string
    body: string
  }
}

interface Of {
  readonly project: string
  readonly view: string
}

/** A statement takes so many parameters; these stay far below. */
const ROWS_OF_A_STATEMENT = 500
const MOST_REJECTED = 1_000

/** Messages that come again change nothing, whether their rows are here or in the table of the view. */
export async function insertLogged(tx: Tx, of: Of, rows: readonly LoggedRow[]): Promise<void> {
  const floors = await floorsOf(tx, of)
  const fresh = rows.filter(({ origin, seq }) => seq > (floors.get(origin) ?? 0))
  for (let from = 0; from < fresh.length; from += ROWS_OF_A_STATEMENT) {
    const values = fresh.slice(from, from + ROWS_OF_A_STATEMENT).map(({ origin, seq, ...told }) => {
      return { project: of.project, view: of.view, origin, seq, told: encodeJson(told) }
    })
    await tables<LogTables>(tx)
      .insertInto('features_stream_rows')
      .values(values)
      .onConflict((c) => c.columns(['project', 'view', 'origin', 'seq']).doNothing())
      .execute()
  }
}

/** Up to which message of each stream all are acknowledged: their rows are here, or were. */
async function floorsOf(tx: Tx, of: Of): Promise<Map<string, number>> {
  const floors = await ofView(tables<LogTables>(tx).selectFrom('features_stream_floors'), of)
    .select(['origin', 'seq'])
    .execute()
  return new Map(floors.map(({ origin, seq }) => [origin, Number(seq)]))
}

/** Says that all messages up to this one are acknowledged. It never goes down. */
export async function raiseFloor(tx: Tx, { project, view }: Of, { origin, seq }: MessagePlace): Promise<void> {
  await tables<LogTables>(tx)
    .insertInto('features_stream_floors')
    .values({ project, view, origin, seq })
    .onConflict((c) =>
      c.columns(['project', 'view', 'origin']).doUpdateSet({ seq }).where('features_stream_floors.seq', '<', seq),
    )
    .execute()
}

/** Keeps the last thousand. */
export async function insertRejected(
  tx: Tx,
  { project, view }: Of,
  rejected: readonly RejectedMessage[],
): Promise<void> {
  if (rejected.length === 0) return
  const db = tables<LogTables>(tx)
  await db
    .insertInto('features_stream_rejected')
    .values(rejected.map((one) => ({ project, view, ...one })))
    .onConflict((c) => c.columns(['project', 'view', 'origin', 'seq']).doNothing())
    .execute()
  const oldest = await ofView(db.selectFrom('features_stream_rejected'), { project, view })
    .select('at')
    .orderBy('at', 'desc')
    .offset(MOST_REJECTED)
    .limit(1)
    .executeTakeFirst()
  if (oldest)
    await db
      .deleteFrom('features_stream_rejected')
      .where('project', '=', project)
      .where('view', '=', view)
      .where('at', '<=', oldest.at)
      .execute()
}

/** In the order of the stream, after `after`. */
export async function loggedRows(
  storage: Storage,
  { project, view }: Of,
  { after, limit }: { after: MessagePlace | undefined; limit: number },
): Promise<LoggedRow[]> {
  let query = storage
    .reads<LogTables>()
    .selectFrom('features_stream_rows')
    .select(['origin', 'seq', 'told'])
    .where('project', '=', project)
    .where('view', '=', view)
    .where('told', '!=', '')
  if (after)
    query = query.where((e) =>
      e.or([e('origin', '>', after.origin), e.and([e('origin', '=', after.origin), e('seq', '>', after.seq)])]),
    )
  const rows = await query.orderBy('origin').orderBy('seq').limit(limit).execute()
  return rows.map(({ origin, seq, told }) => ({
    ...decodeJson<Omit<LoggedRow, 'origin' | 'seq'>>(told),
    ...{ origin, seq: Number(seq) },
  }))
}

/**
 * Takes out rows that are in the table of the view now, those that were read and no others: one that comes late may have a
 * smaller number. What is not acknowledged yet leaves its place here, so that it is known when it comes again.
 */
export async function takeOut(tx: Tx, { project, view }: Of, places: readonly MessagePlace[]): Promise<void> {
  const db = tables<LogTables>(tx)
  for (const [origin, of] of Map.groupBy(places, (place) => place.origin))
    for (let from = 0; from < of.length; from += ROWS_OF_A_STATEMENT)
      await db
        .updateTable('features_stream_rows')
        .set({ told: '' })
        .where('project', '=', project)
        .where('view', '=', view)
        .where('origin', '=', origin)
        .where(
          'seq',
          'in',
          of.slice(from, from + ROWS_OF_A_STATEMENT).map(({ seq }) => seq),
        )
        .execute()
  for (const [origin, floor] of await floorsOf(tx, { project, view }))
    await db
      .deleteFrom('features_stream_rows')
      .where('project', '=', project)
      .where('view', '=', view)
      .where('origin', '=', origin)
      .where('seq', '<=', floor)
      .where('told', '=', '')
      .execute()
}

export async function countLogged(storage: Storage, of: Of): Promise<number> {
  const query = ofView(storage.reads<LogTables>().selectFrom('features_stream_rows'), of)
  const told = query.where('told', '!=', '')
  const { rows } = await told.select((e) => e.fn.countAll<number>().as('rows')).executeTakeFirstOrThrow()
  return Number(rows)
}

/** Newest first. */
export async function rejectedMessages(
  storage: Storage,
  of: Of,
  limit: number,
): Promise<{ rejected: number; messages: RejectedMessage[] }> {
  const from = () => ofView(storage.reads<LogTables>().selectFrom('features_stream_rejected'), of)
  const { rejected } = await from()
    .select((e) => e.fn.countAll<number>().as('rejected'))
    .executeTakeFirstOrThrow()
  const messages = await from()
    .select(['origin', 'seq', 'at', 'reason', 'body'])
    .orderBy('at', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return {
    rejected: Number(rejected),
    messages: messages.map((one) => ({ ...one, seq: Number(one.seq), at: Number(one.at) })),
  }
}

function ofView<Query extends { where(column: 'project' | 'view', op: '=', value: string): Query }>(
  query: Query,
  { project, view }: Of,
): Query {
  return query.where('project', '=', project).where('view', '=', view)
}
