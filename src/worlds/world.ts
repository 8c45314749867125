/**
 * A world: a table in time order of which the first part is the past a project starts from, and the rest is
 * traffic to come, whose truth arrives late. The demo, the seeds and the benches all run on one.
 */

/** One cell; `null` is a missing value. */
export type Cell = string | number | null

/** One row, keyed by column name. Rows of one world all have the same columns. */
export type WorldRow = Readonly<Record<string, Cell>>

/** When a row's true label becomes known: so long after its event, or when so many later rows have been seen. */
export type LabelDelay = { readonly milliseconds: number } | { readonly rows: number }

/** Something that happens in a world: for the story on the screen, and for judging whether an alert came in time. */
export interface WorldEvent {
  /** Days since the first live day; the history is negative. */
  readonly day: number
  /** That day, `YYYY-MM-DD`. */
  readonly date: string
  readonly kind: 'start' | 'covariate-shift' | 'concept-drift' | 'end'
  readonly title: string
  /** What a good monitor should make of it, in a sentence. */
  readonly expect: string
}

export interface World {
  /** Short name, safe in paths and URLs. */
  readonly name: string
  /** Heading for people; a simulated world says so here too. */
  readonly title: string
  /** True when the rows were computed, not observed: every screen and report that shows the world says it. */
  readonly simulated: boolean
  /** What a reader must know to read its figures rightly, such as times that were made up. */
  readonly note?: string
  /** The project that runs on it: a folder under the package root with an `orrery.yaml`. */
  readonly project: string
  /** The file name that project reads its data from. */
  readonly table: string
  readonly columns: readonly string[]
  /** The columns known when a prediction is asked for: a request carries these and no other. */
  readonly features: readonly string[]
  readonly rows: readonly WorldRow[]
  /** Rows before the live part, all with a known label when it starts. `rows[history]` is the first live row. */
  readonly history: number
  readonly idColumn?: string
  /** The column that says when a row happened, or a date and the hour of that day. */
  readonly timeColumns: readonly [time: string] | readonly [date: string, hour: string]
  readonly labelColumn: string
  readonly task: 'binary' | 'regression'
  /** The label that counts as the event, for a binary task. */
  readonly positive?: string | number
  readonly labelDelay: LabelDelay
  /** What is known to happen; empty for real data, where nobody knows. */
  readonly schedule: readonly WorldEvent[]
}

/** The part of `row` that a prediction request carries: no label, no id, nothing that is known only later. */
export function requestOf(world: Pick<World, 'features'>, row: WorldRow): Record<string, Cell> {
  return Object.fromEntries(world.features.map((name) => [name, row[name] ?? null]))
}

/**
 * When `row` happened, in milliseconds since 1970.
 * @throws RangeError when its time columns hold no time
 */
export function rowMillis(world: Pick<World, 'timeColumns'>, row: WorldRow): number {
  const [time, hour] = world.timeColumns
  const start = eventMillis(String(row[time]))
  if (hour === undefined) return start
  const hours = Number(row[hour] ?? Number.NaN)
  if (!(hours >= 0 && hours < 24)) throw new RangeError(`"${row[hour]}" is no hour of a day (column ${hour})`)
  return start + hours * 3_600_000
}

/**
 * Milliseconds since 1970 of an event time. A time without a zone is UTC: `Date.parse` would take it as local,
 * and the same table would fall into other days on another machine.
 */
export function eventMillis(text: string): number {
  const iso = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text.replace(' ', 'T')
  const millis = Date.parse(/(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(iso) ? iso : `${iso}Z`)
  if (Number.isNaN(millis)) throw new RangeError(`"${text}" is no event time; write it as 2025-03-01T09:30:00Z`)
  return millis
}
