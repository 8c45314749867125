/** Rows by entity, and of one entity by time. */
export interface Part {
  /** The number of its first entity. */
  readonly first: number
  /** Rows of entity `first + i` are at `starts[i]` to `starts[i + 1]`. */
  readonly starts: Int32Array
  /** Of each row: its event time in µs, and what else is kept of it. */
  readonly columns: readonly Float64Array[]
}

/** Rows one after the other, `width` numbers each: entity, event time, what tells ties apart, and what else is kept. */
export interface Records {
  readonly cells: Float64Array
  readonly count: number
  readonly shape: Shape
}

/** What the numbers of a record are. */
export interface Shape {
  readonly width: number
  /** How many numbers after the time tell rows of one moment apart, the most important first. */
  readonly ties: number
  /** Which numbers are kept beside the time. */
  readonly kept: readonly number[]
}

/** Shorter runs are sorted by moving rows one by one. */
const SHORT = 48

const ENTITY = 0
const TIME = 1

/** Arrays that are used again from part to part: thousands of new ones would keep the collector of garbage busy. */
export interface Scratch {
  readonly floats: Map<string, Float64Array>
  readonly ints: Map<string, Int32Array>
}

export const newScratch = (): Scratch => ({ floats: new Map(), ints: new Map() })

/** One that is long enough; what it holds is of no meaning. */
function floats({ floats: known }: Scratch, name: string, length: number): Float64Array {
  const array = known.get(name)
  if (array && array.length >= length) return array
  const longer = new Float64Array(length)
  known.set(name, longer)
  return longer
}

function ints({ ints: known }: Scratch, name: string, length: number): Int32Array {
  const array = known.get(name)
  if (array && array.length >= length) return array
  const longer = new Int32Array(length)
  known.set(name, longer)
  return longer
}

/**
 * Sorts records by entity and time. Of those that nothing tells apart, the one that came last comes last.
 *
 * @param range entities that may come: the first, and the one after the last
 * @param options.every all rows are kept; else of one moment only the last, which is the one that holds
 * @param scratch what is given back lies in it
 */
export function orderRecords(
  { cells, count, shape }: Records,
  [first, end]: readonly [number, number],
  { every = false, scratch = newScratch() } = {},
): Part {
  const { width, kept } = shape
  const entities = end - first
  const starts = new Int32Array(entities + 1)
  for (let i = 0, at = ENTITY; i < count; i++, at += width) starts[cells[at]! - first + 1]!++
  for (let i = 0; i < entities; i++) starts[i + 1]! += starts[i]!
  // Where each record begins, in the order that is looked for, and its time, so that sorting need not look for it.
  const run: Run = {
    cells,
    ties: shape.ties,
    order: ints(scratch, 'order', count),
    times: floats(scratch, 'times', count),
    scratch,
  }
  const { order, times } = run
  const next = ints(scratch, 'next', entities)
  next.set(starts.subarray(0, entities))
  for (let i = 0, at = ENTITY; i < count; i++, at += width) {
    const place = next[cells[at]! - first]!++
    order[place] = at
    times[place] = cells[at + TIME]!
  }
  for (let i = 0; i < entities; i++) sortRun(run, starts[i]!, starts[i + 1]!)
  const rows = every ? count : leaveLast(run, starts)
  const columns = kept.map((k, which) => {
    const column = floats(scratch, `column ${which}`, count)
    for (let i = 0; i < rows; i++) column[i] = cells[order[i]! + k]!
    return column.subarray(0, rows)
  })
  return { first, starts, columns: [times.subarray(0, rows), ...columns] }
}

interface Run {
  readonly cells: Float64Array
  readonly ties: number
  readonly order: Int32Array
  readonly times: Float64Array
  readonly scratch: Scratch
}

/** Leaves the last row of each moment, and where they are in `starts`. @returns how many there are */
function leaveLast({ order, times }: Run, starts: Int32Array): number {
  let to = 0
  for (let i = 0, from = 0; i < starts.length - 1; i++) {
    const end = starts[i + 1]!
    for (; from < end; from++) {
      if (from + 1 < end && times[from] === times[from + 1]) continue
      order[to] = order[from]!
      times[to++] = times[from]!
    }
    starts[i + 1] = to
  }
  return to
}

/** Sorts places `from` to `end`, stably: most tables come nearly in order, and most entities have few rows. */
function sortRun(run: Run, from: number, end: number): void {
  const { order, times } = run
  let sorted = from + 1
  while (sorted < end && !isAfter(run, sorted - 1, times[sorted]!, order[sorted]!)) sorted++
  if (sorted >= end) return
  if (end - from > SHORT) {
    mergeSort(run, from, end)
    return
  }
  for (let i = sorted; i < end; i++) {
    const [at, time] = [order[i]!, times[i]!]
    let to = i
    for (; to > from && isAfter(run, to - 1, time, at); to--) {
      order[to] = order[to - 1]!
      times[to] = times[to - 1]!
    }
    order[to] = at
    times[to] = time
  }
}

/** From the bottom up, so that the longest run costs no stack. */
function mergeSort({ cells, ties, order, times, scratch }: Run, from: number, end: number): void {
  let source = { cells, ties, order, times, scratch }
  let target = {
    ...source,
    order: ints(scratch, 'other order', order.length),
    times: floats(scratch, 'other times', times.length),
  }
  for (let length = 1; length < end - from; length *= 2) {
    for (let low = from; low < end; low += 2 * length) {
      const middle = Math.min(low + length, end)
      const high = Math.min(low + 2 * length, end)
      for (let to = low, left = low, right = middle; to < high; to++) {
        const isRight =
          left >= middle || (right < high && isAfter(source, left, source.times[right]!, source.order[right]!))
        const of = isRight ? right++ : left++
        target.order[to] = source.order[of]!
        target.times[to] = source.times[of]!
      }
    }
    ;[source, target] = [target, source]
  }
  if (source.order === order) return
  order.set(source.order.subarray(from, end), from)
  times.set(source.times.subarray(from, end), from)
}

/** Whether the row at a place comes after another one. */
function isAfter({ cells, ties, order, times }: Run, place: number, time: number, other: number): boolean {
  const of = times[place]!
  if (of !== time) return of > time
  const at = order[place]! + TIME
  for (let k = 1; k <= ties; k++) {
    const [mine, its] = [cells[at + k]!, cells[other + TIME + k]!]
    if (mine !== its) return mine > its
  }
  return false
}
