import { sql } from 'kysely'
import { openStatements, type Storage, type Tx } from '#platform/storage'

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

export interface OnlineStore {
  /**
   * Keeps rows unless what is kept is of a later moment: whatever order rows arrive in, the same is kept in the end.
   *
   * @returns how many were kept
   */
  put(tx: Tx, version: number, rows: readonly OnlineRow[], writtenAt: number): Promise<number>
  /** Removes an entity's row if it is of this moment or an earlier one. */
  remove(tx: Tx, version: number, gone: { entity: string; eventTime: number }): Promise<void>
  removeAll(tx: Tx, version: number): Promise<void>
  get(storage: Storage, wanted: readonly { version: number; entity: string }[]): Promise<KeptRow[]>
  count(storage: Storage, version: number): Promise<number>
}

/** Comes before every time, and is a number that everything on the way can hold. */
const NEVER = Number.MIN_SAFE_INTEGER

interface Row {
  version: number
  entity: string
  event_time: number
  created: number
  written_at: number
  cells: string
}

export function openOnlineStore(): OnlineStore {
  const statements = openStatements()
  return {
    put: async (tx, version, rows, writtenAt) => {
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
    },
    remove: async (tx, version, { entity, eventTime }) => {
      const build = () =>
        sql`delete from features_online where version = ${version} and entity = ${entity} and event_time <= ${eventTime}`
      await statements.run(tx, 'remove', build, [version, entity, eventTime])
    },
    removeAll: async (tx, version) => {
      await statements.run(tx, 'removeAll', () => sql`delete from features_online where version = ${version}`, [
        version,
      ])
    },
    get: async (storage, wanted) => {
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
    count: async (storage, version) => {
      const build = () => sql`select count(*) as entities from features_online where version = ${version}`
      const { rows } = await statements.run<{ entities: number }>(storage.reads(), 'count', build, [version])
      return Number(rows[0]!.entities)
    },
  }
}

/** PostgreSQL refuses a statement that meets the same row twice. */
function lastOfEach(rows: readonly OnlineRow[]): Map<string, OnlineRow> {
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
