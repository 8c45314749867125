import { replayPlan, rowMillis, type World } from '#worlds'

/** What the world does in one day (UTC): these rows are asked for, then these labels become known. */
export interface Day {
  readonly date: string
  readonly asked: readonly number[]
  readonly told: readonly number[]
}

/** A world's live rows and labels day by day, up to row `until` (not included). */
export function* daysOf(world: World, until = world.rows.length): Generator<Day> {
  const plan = replayPlan(until < world.rows.length ? world.rows.slice(0, until) : world.rows, {
    start: world.history,
    labelDelay: world.labelDelay,
    time: (row) => rowMillis(world, row),
  })
  let day: { date: string; asked: number[]; told: number[] } | undefined
  for (const { kind, day: date, rows } of plan) {
    if (day && day.date !== date) {
      yield day
      day = undefined
    }
    day ??= { date, asked: [], told: [] }
    const list = kind === 'predict' ? day.asked : day.told
    for (const row of rows) list.push(row)
  }
  if (day) yield day
}
