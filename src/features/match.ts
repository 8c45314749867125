/**
 * Matching rows of a view with the rows of a frame that they hold for, without sorting the view: the frame stands sorted by
 * entity and time; each row of the view finds the first moment of its entity that is not before it, by bisection, and stays
 * there if nothing later has come; at the end what stands at a moment holds for those after it, until the next.
 */

/** Rows of a frame by entity, and of one entity by time. */
export interface SortedFrame {
  /** Rows of entity `i` are at `starts[i]` to `starts[i + 1]`. */
  readonly starts: Int32Array
  /** µs since 1970. */
  readonly at: Float64Array
}

/** Rows of a view, and where each stands among others. */
export interface ViewRows {
  readonly count: number
  /** The number of its entity, less `first`; what is none of the frame's is passed over. */
  readonly entity: Float64Array
  /** Event time, µs. */
  readonly e: Float64Array
  /** What tells rows of one moment apart: the time of creation, µs, and then a rank. */
  readonly ties?: { readonly c: Float64Array; readonly r: Float64Array } | undefined
  readonly features: readonly Float64Array[]
}

export interface Matching {
  take(rows: ViewRows): void
  /** Without `ties`: places where two rows of one moment came last. */
  tied(): number[]
  /** Takes what stands at places from another matching, which told ties. */
  settle(places: readonly number[], by: Matching): void
  /** Lets what stands at a moment hold for those after it. */
  finish(): void
  /** Event time of the row that holds at a place of the frame, µs; `NaN` where none does. */
  eventTime(place: number): number
  /** Its rank, where ties were told. */
  rank(place: number): number
  feature(place: number, feature: number): number
}

/** @param options.first the entity that is number 0 in the frame */
export function openMatching(
  frame: SortedFrame,
  options: { features: number; ties: boolean; first: number },
): Matching {
  const { starts, at } = frame
  const entities = starts.length - 1
  const { features, ties, first } = options
  // What belongs to a place lies together: reaching for it costs more than anything that is done with it.
  const width = 1 + features + (ties ? 2 : 0)
  const [atC, atR] = [1 + features, 2 + features]
  const records = new Float64Array(at.length * width).fill(Number.NaN)
  const tied = new Uint8Array(ties ? 0 : at.length)

  function take(rows: ViewRows): void {
    const { count, entity, e, ties: told, features: cells } = rows
    for (let i = 0; i < count; i++) {
      const number = entity[i]! - first
      const of = number | 0
      if (of !== number || of < 0 || of >= entities) continue
      const time = e[i]!
      let low = starts[of]!
      const end = starts[of + 1]!
      let high = end
      while (low < high) {
        const middle = (low + high) >>> 1
        if (at[middle]! < time) low = middle + 1
        else high = middle
      }
      if (low === end) continue
      const base = low * width
      const last = records[base]!
      if (time < last) continue
      if (told) {
        const { c, r } = told
        if (time === last && isBefore(c[i]!, r[i]!, records[base + atC]!, records[base + atR]!)) continue
        records[base + atC] = c[i]!
        records[base + atR] = r[i]!
      } else tied[low] = time === last ? 1 : 0
      records[base] = time
      for (let f = 0; f < features; f++) records[base + 1 + f] = cells[f]![i]!
    }
  }

  /** What stands at an earlier moment is never later: where nothing of its own stands, the one before goes on. */
  function finish(): void {
    for (let of = 0; of < entities; of++)
      for (let place = starts[of]! + 1; place < starts[of + 1]!; place++) {
        const base = place * width
        if (Number.isNaN(records[base]!)) records.copyWithin(base, base - width, base)
      }
  }

  function settle(places: readonly number[], by: Matching): void {
    for (const place of places) for (let f = 0; f < features; f++) records[place * width + 1 + f] = by.feature(place, f)
  }

  return {
    take,
    tied: () => {
      const places: number[] = []
      for (let place = 0; place < tied.length; place++) if (tied[place] === 1) places.push(place)
      return places
    },
    settle,
    finish,
    eventTime: (place) => records[place * width]!,
    rank: (place) => records[place * width + atR]!,
    feature: (place, feature) => records[place * width + 1 + feature]!,
  }
}

const isBefore = (c: number, r: number, otherC: number, otherR: number) => c < otherC || (c === otherC && r < otherR)
