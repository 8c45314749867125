import type { Part } from './ordered/part.ts'

/** Rows of a frame by entity, and of one entity by time. */
export interface SortedFrame {
  /** Rows of entity `i` are at `starts[i]` to `starts[i + 1]`. */
  readonly starts: Int32Array
  /** µs since 1970. */
  readonly at: Float64Array
  /** The row of the frame of each place. */
  readonly row: Float64Array
}

/**
 * Finds the rows of a view that hold for those of a frame: both stand in the order of time, and are walked once.
 *
 * @param options.entityOf the frame's number of the view's entity, or -1
 * @param options.ttl µs; both ends of the time to live belong to it
 * @param options.given what is kept of a row is written here, column by column, at the row of the frame
 */
export function matchPart(
  { starts, at, row }: SortedFrame,
  part: Part,
  options: { entityOf: Int32Array; ttl: number; given: readonly Float64Array[] },
): void {
  const { entityOf, ttl, given } = options
  const [e, ...columns] = part.columns as [Float64Array, ...Float64Array[]]
  const entities = part.starts.length - 1
  for (let i = 0; i < entities; i++) {
    const of = entityOf[part.first + i]!
    if (of < 0) continue
    const begin = part.starts[i]!
    const end = part.starts[i + 1]!
    // The first row that is after the moment.
    let next = begin
    for (let place = starts[of]!; place < starts[of + 1]!; place++) {
      const moment = at[place]!
      while (next < end && e[next]! <= moment) next++
      if (next === begin || !(e[next - 1]! + ttl >= moment)) continue
      const to = row[place]!
      for (let k = 0; k < columns.length; k++) given[k]![to] = columns[k]![next - 1]!
    }
  }
}
