import { sql } from 'kysely'
import { batched, openStatements, type Storage, type Tx } from '#platform/storage'

/** A row of a view as it is kept for its entity; times in µs. */
export interface OnlineRow {
  entity: string
  eventTime: number
  /** Null where the view does not say; then any other row for the moment counts as later. */
  created: number | null
  /** In the order of the view's columns. */
  cells: (number | string | null)[]
}

export interface KeptRow extends OnlineRow {
  /** The version of the view, by its id. */
  version: number
  /** ms. */
  writtenAt: number
}

/** A row that is to be kept, or an entity whose row is gone. */
export type OnlineChange = { readonly put: OnlineRow } | { readonly gone: { entity: string; eventTime: number } }

/**
 * Where the latest row of each entity is kept. Every write may be repeated and come in any order: a row is kept unless
 * what is kept is of a later moment, so the same is kept in the end.
 */
export interface OnlineStore {
  /**
   * Applies changes in their order.
   *
   * @param also what the server's own database is told of it: in the same transaction where the rows are there, and
   *   afterwards where they are not
   */
  apply(
    version: number,
    changes: readonly OnlineChange[],
    writtenAt: number,
    also?: (tx: Tx) => Promise<void>,
  ): Promise<void>
  /** Keeps a row that somebody waits for. @returns whether it was kept */
  push(version: number, row: OnlineRow, writtenAt: number): Promise<boolean>
  removeAll(version: number): Promise<void>
  get(wanted: readonly { version: number; entity: string }[]): Promise<KeptRow[]>
  count(version: number): Promise<number>
  isEmpty(version: number): Promise<boolean>
  /** Those with rows. */
  versions(): Promise<number[]>
  close(): Promise<void>
}

/** Comes before every time, and is a number that everything on the way can hold. */
export const NEVER = Number.MIN_SAFE_INTEGER

interface Row {
  version: number
  entity: string
  event_time: number
  created: number
  written_at: number
  cells: string
}

interface Pushed {
  readonly version: number
  readonly row: OnlineRow
  readonly writtenAt: number
  kept: boolean
}

/**
 * Rows in a table of a database.
 *
 * @param needs.rows the database the rows are in
 * @param needs.own the server's own, which may be the same
 */
export function openDatabaseStore({ rows: storage, own }: { rows: Storage; own: Storage }): OnlineStore {
  const statements = openStatements()

  async function put(tx: Tx, version: number, rows: readonly OnlineRow[], writtenAt: number): Promise<number> {
    const values = [...lastOfEach(rows).values()].flatMap(({ entity, eventTime, created, cells }) => [
      ...[version, entity, eventTime, created ?? NEVER, writtenAt, JSON.stringify(cells)],
    ])
    const kept = await statements.runMany<{ entity: string }>(
      tx,
      'put',
      (tuples) => sql`
        insert into features_online (version, entity, event_time, created, written_at, cells) values ${tuples}
        on conflict (version, entity) do update set
          event_time = excluded.event_time, created = excluded.created, written_at = excluded.written_at, cells = excluded.cells
        where excluded.event_time > features_online.event_time
          or (excluded.event_time = features_online.event_time and excluded.created >= features_online.created)
        returning entity`,
      6,
      values,
    )
    return kept.length
  }

  async function remove(tx: Tx, version: number, { entity, eventTime }: { entity: string; eventTime: number }) {
    const build = () =>
      sql`delete from features_online where version = ${version} and entity = ${entity} and event_time <= ${eventTime}`
    await statements.run(tx, 'remove', build, [version, entity, eventTime])
  }

  // One after the other for each entity: whether a row was kept is the answer to whoever pushed it.
  const push = batched<Pushed>(storage, async (tx, pushed) => {
    for (const one of pushed) one.kept = (await put(tx, one.version, [one.row], one.writtenAt)) > 0
    return pushed.map(() => undefined)
  })

  return {
    apply: async (version, changes, writtenAt, also) => {
      await storage.write(async (tx) => {
        for (const group of groups(changes))
          if (Array.isArray(group)) await put(tx, version, group, writtenAt)
          else await remove(tx, version, group)
        if (storage === own) await also?.(tx)
      })
      if (storage !== own && also) await own.write(also)
    },
    push: async (version, row, writtenAt) => {
      const pushed: Pushed = { version, row, writtenAt, kept: false }
      await push(pushed)
      return pushed.kept
    },
    removeAll: async (version) => {
      const build = () => sql`delete from features_online where version = ${version}`
      await storage.write((tx) => statements.run(tx, 'removeAll', build, [version]))
    },
    get: async (wanted) => {
      const found: Row[] = []
      const place = storage.reads()
      for (const version of new Set(wanted.map((one) => one.version))) {
        const entities = wanted.filter((one) => one.version === version).map(({ entity }) => entity)
        // The version is part of the statement: a list takes parameters of one kind only.
        const build = (list: unknown) =>
          sql`select version, entity, event_time, created, written_at, cells from features_online
              where version = ${sql.lit(version)} and entity in (${list})`
        found.push(...(await statements.runList<Row>(place, `get ${version}`, build, entities)))
      }
      return found.map(fromRow)
    },
    count: async (version) => {
      const build = () => sql`select count(*) as entities from features_online where version = ${version}`
      const { rows } = await statements.run<{ entities: number }>(storage.reads(), 'count', build, [version])
      return Number(rows[0]!.entities)
    },
    isEmpty: async (version) => {
      const build = () => sql`select version from features_online where version = ${version} limit 1`
      return (await statements.run(storage.reads(), 'isEmpty', build, [version])).rows.length === 0
    },
    versions: async () => {
      const found: number[] = []
      // From one version to the next through the key: asking for the distinct ones would read every row.
      const build = () => sql`select min(version) as version from features_online where version > ${0}`
      for (let last = 0; ; ) {
        const { rows } = await statements.run<{ version: number | null }>(storage.reads(), 'versions', build, [last])
        if (rows[0]?.version == null) return found
        last = Number(rows[0].version)
        found.push(last)
      }
    },
    close: async () => {
      if (storage !== own) await storage.close()
    },
  }
}

/** Rows that are written stand together; their order with those that go is kept. */
export function* groups(
  changes: readonly OnlineChange[],
): Generator<OnlineRow[] | { entity: string; eventTime: number }> {
  let rows: OnlineRow[] = []
  for (const change of changes) {
    if ('put' in change) {
      rows.push(change.put)
      continue
    }
    if (rows.length > 0) yield rows
    rows = []
    yield change.gone
  }
  if (rows.length > 0) yield rows
}

/** PostgreSQL refuses a statement that meets the same row twice. */
export function lastOfEach(rows: readonly OnlineRow[]): Map<string, OnlineRow> {
  const last = new Map<string, OnlineRow>()
  for (const row of rows) {
    const other = last.get(row.entity)
    if (!other || !isBefore(row, other)) last.set(row.entity, row)
  }
  return last
}

/** Whether a row is of an earlier moment than another, or was created before it. */
export function isBefore(
  row: Pick<OnlineRow, 'eventTime' | 'created'>,
  other: Pick<OnlineRow, 'eventTime' | 'created'>,
) {
  if (row.eventTime !== other.eventTime) return row.eventTime < other.eventTime
  return (row.created ?? NEVER) < (other.created ?? NEVER)
}

function fromRow(row: Row): KeptRow {
  const created = Number(row.created)
  return {
    version: row.version,
    entity: row.entity,
    eventTime: Number(row.event_time),
    created: created === NEVER ? null : created,
    writtenAt: Number(row.written_at),
    cells: JSON.parse(row.cells),
  }
}
