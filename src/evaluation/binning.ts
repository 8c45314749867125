/**
 * Inner edges of at most `bins` bins with about equal shares. A column of few distinct values gets a bin for each; a
 * constant one gets a bin on either side of its value, so that its coming alive is seen.
 */
export function quantileEdges(values: Float64Array, bins: number): number[] {
  const sorted = values.filter(Number.isFinite).sort()
  if (sorted.length === 0) return []
  const distinct = firstDistinct(sorted, bins + 1)
  if (distinct.length === 1) return besideOf(distinct[0]!)
  if (distinct.length <= bins) return distinct.slice(1).map((value, i) => between(distinct[i]!, value))
  const edges: number[] = []
  const largest = sorted[sorted.length - 1]!
  for (let i = 1; i < bins; i++) {
    const value = sorted[Math.ceil((i * sorted.length) / bins) - 1]!
    if (value === largest) break // an edge above the largest value would leave an empty bin behind it
    // Half-way to the next value, since a value that is itself an edge changes sides once rounded to a 32-bit float.
    const edge = between(value, sorted[countAtMost(sorted, value)]!)
    if (edge !== edges[edges.length - 1]) edges.push(edge) // a value that fills several bins gives one edge
  }
  return edges
}

function countAtMost(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

function firstDistinct(sorted: Float64Array, limit: number): number[] {
  const distinct: number[] = []
  for (let i = 0; i < sorted.length && distinct.length < limit; i++) {
    if (sorted[i] !== distinct[distinct.length - 1]) distinct.push(sorted[i]!)
  }
  return distinct
}

/** A number in [a, b), half-way where that does not overflow. */
function between(a: number, b: number): number {
  const middle = a / 2 + b / 2
  return middle >= a && middle < b ? middle : a
}

/** Edges just below and above `value`, apart by the rounding of a 32-bit float, which served values may have passed. */
export function besideOf(value: number): [number, number] {
  const rounding = Math.max(Math.abs(value) * 2 ** -23, Number.MIN_VALUE)
  return [value - rounding, value + rounding]
}

/** The bin of `value`: the first whose upper edge is not below it; `edges.length + 1` when missing or infinite. */
export function numericBin(value: number, edges: readonly number[]): number {
  if (!Number.isFinite(value)) return edges.length + 1
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (edges[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
