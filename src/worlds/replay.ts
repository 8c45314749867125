import type { LabelDelay } from './world.ts'

const DAY = 86_400_000

/** Send these rows for prediction, then tell these labels. Row numbers count from the first row of the table. */
export type ReplayStep =
  | { readonly kind: 'predict'; readonly day: string; readonly rows: readonly number[] }
  | { readonly kind: 'label'; readonly day: string; readonly rows: readonly number[] }

export interface ReplayOptions<Row> {
  /** Number of the first row to replay; the rows before it are history. */
  readonly start: number
  readonly labelDelay: LabelDelay
  /** Event time of a row in milliseconds; must not fall from one row to the next. */
  readonly time: (row: Row) => number
}

/**
 * The order in which the world tells a served model what happens: for each day (UTC) of event time first a `predict`
 * step with that day's rows, then a `label` step with every label that has become known by that day's end. So no
 * label is ever told before its delay has passed, and at worst it is told some hours late.
 *
 * A delay in milliseconds is measured from the row's event time; a delay in rows means row `i`'s label is known once
 * row `i + delay` has been seen. Labels still to come after the last row follow at the end: on their own days, or all
 * on the last day when the delay is counted in rows, because then there is no clock left to date them by.
 *
 * Every row from `start` on appears in exactly one `predict` step and in one later `label` step.
 *
 * @throws RangeError for a `start` outside the table, a delay that is no number ≥ 0, or times that go back.
 */
export function* replayPlan<Row>(rows: readonly Row[], options: ReplayOptions<Row>): Generator<ReplayStep> {
  const { start, labelDelay, time } = options
  if (!Number.isInteger(start) || start < 0 || start > rows.length) {
    throw new RangeError(`start ${start} is outside the table of ${rows.length} rows`)
  }
  const [delay, unit] = 'rows' in labelDelay ? [labelDelay.rows, 'rows'] : [labelDelay.milliseconds, 'ms']
  if (!(delay >= 0) || (unit === 'rows' && !Number.isInteger(delay))) {
    throw new RangeError(`a label delay of ${delay} ${unit} is not possible`)
  }

  const millis = (index: number) => time(rows[index]!)
  let nextLabel = start
  let next = start
  let day = 0
  while (next < rows.length) {
    day = Math.floor(millis(next) / DAY)
    // Days without traffic still bring labels, each on its own day.
    if ('milliseconds' in labelDelay) {
      for (const step of labelsByDay(day)) yield step
    }
    const first = next
    let before = millis(next)
    while (next < rows.length) {
      const now = millis(next)
      if (!(now >= before))
        throw new RangeError(`row ${next} is earlier than the row before it; order the rows by time`)
      if (Math.floor(now / DAY) !== day) break
      before = now
      next++
    }
    yield { kind: 'predict', day: isoDay(day), rows: range(first, next) }
    const known = 'rows' in labelDelay ? next - delay : knownBy(day)
    if (known > nextLabel) {
      yield { kind: 'label', day: isoDay(day), rows: range(nextLabel, known) }
      nextLabel = known
    }
  }
  if ('milliseconds' in labelDelay) yield* labelsByDay(Number.POSITIVE_INFINITY)
  else if (nextLabel < rows.length) yield { kind: 'label', day: isoDay(day), rows: range(nextLabel, rows.length) }

  /** One more than the last already predicted row whose label is known by the end of `day`. */
  function knownBy(day: number): number {
    let known = nextLabel
    while (known < next && millis(known) + delay < (day + 1) * DAY) known++
    return known
  }

  /** The label steps of predicted rows that fall on days before `until`. */
  function* labelsByDay(until: number): Generator<ReplayStep> {
    while (nextLabel < next) {
      const due = Math.floor((millis(nextLabel) + delay) / DAY)
      if (due >= until) return
      const known = knownBy(due)
      yield { kind: 'label', day: isoDay(due), rows: range(nextLabel, known) }
      nextLabel = known
    }
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function isoDay(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10)
}
