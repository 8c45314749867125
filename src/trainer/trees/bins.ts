/**
 * Bins: every feature's values cut at weighted quantiles of the training rows, and one more bin for missing values.
 * Kept twice, since counting walks over rows and splitting over one feature, and memory order decides the speed of both.
 */
export interface BinnedRows {
  readonly rows: number
  readonly features: number
  /** Each feature's bin of each row, counted from 0. */
  readonly bins: readonly Uint8Array[]
  /** `rows` × `features`: position of the value's bin in a histogram over all features. */
  readonly slots: Uint16Array | Int32Array
  /** Each feature's first slot, and after the last feature the number of slots. */
  readonly firstSlot: Int32Array
  /** Largest float32 value of each bin of a feature; the missing bin follows the last of them. */
  readonly bounds: readonly Float32Array[]
  readonly hasMissing: readonly boolean[]
}

/** A wide table gets coarser bins, so that a histogram stays below 6 MB and a tree's below 100 MB. */
const MOST_SLOTS = 262_144

export function binRows(columns: readonly Float32Array[], weights: Float64Array, maxBins: number): BinnedRows {
  const rows = weights.length
  const features = columns.length
  const most = Math.max(2, Math.min(maxBins, Math.floor(MOST_SLOTS / features) - 1))
  const firstSlot = new Int32Array(features + 1)
  const binned = columns.map((column, f) => {
    const one = binColumn(column, weights, most)
    firstSlot[f + 1] = firstSlot[f]! + one.bounds.length + 1
    return one
  })
  const slots = firstSlot[features]! <= 65_536 ? new Uint16Array(rows * features) : new Int32Array(rows * features)
  binned.forEach(({ bins }, f) => {
    for (let r = 0, at = f; r < rows; r++, at += features) slots[at] = firstSlot[f]! + bins[r]!
  })
  return {
    rows,
    features,
    bins: binned.map((one) => one.bins),
    slots,
    firstSlot,
    bounds: binned.map((one) => one.bounds),
    hasMissing: binned.map((one) => one.hasMissing),
  }
}

interface BinnedColumn {
  readonly bins: Uint8Array
  readonly bounds: Float32Array
  readonly hasMissing: boolean
}

function binColumn(values: Float32Array, weights: Float64Array, most: number): BinnedColumn {
  const distinct = distinctValues(values)
  const rank = new Int32Array(values.length)
  const weightOf = new Float64Array(distinct.length)
  let hasMissing = false
  for (let r = 0; r < values.length; r++) {
    const value = values[r]!
    if (Number.isNaN(value)) {
      rank[r] = -1
      hasMissing = true
      continue
    }
    const at = positionOf(distinct, value)
    rank[r] = at
    weightOf[at]! += weights[r]!
  }
  const binOf = groupByWeight(weightOf, most)
  const count = distinct.length === 0 ? 0 : binOf[distinct.length - 1]! + 1
  const bounds = new Float32Array(count)
  for (let i = 0; i < distinct.length; i++) {
    const last = i + 1 === distinct.length
    if (last || binOf[i + 1] !== binOf[i])
      bounds[binOf[i]!] = last ? distinct[i]! : cutBetween(distinct[i]!, distinct[i + 1]!)
  }
  const bins = new Uint8Array(rank.length)
  for (let r = 0; r < rank.length; r++) bins[r] = rank[r]! < 0 ? count : binOf[rank[r]!]!
  return { bins, bounds, hasMissing }
}

/** Ascending, without `NaN`; -0 and 0 are one value. */
function distinctValues(values: Float32Array): Float32Array {
  const sorted = Float32Array.from(values, (v) => v + 0).sort()
  let count = 0
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i]!
    // NaN sorts last, so the first one ends the values.
    if (Number.isNaN(value)) break
    if (count === 0 || value !== sorted[count - 1]) sorted[count++] = value
  }
  return sorted.subarray(0, count)
}

function positionOf(ascending: Float32Array, value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Gives each distinct value a bin, at most `most` of them, of nearly equal weight; a value that alone outweighs a fair
 * share gets its own. Depends on weights only through sums: a row of weight 2 bins like the same row twice.
 */
function groupByWeight(weightOf: Float64Array, most: number): Int32Array {
  const binOf = new Int32Array(weightOf.length)
  if (weightOf.length <= most) return binOf.map((_, i) => i)
  let remaining = weightOf.reduce((a, b) => a + b, 0)
  let held = 0
  let bin = 0
  for (let i = 0; i < weightOf.length; i++) {
    binOf[i] = bin
    held += weightOf[i]!
    const fair = remaining / (most - bin)
    const nextIsHeavy = i + 1 < weightOf.length && weightOf[i + 1]! >= fair && held >= fair / 2
    if (bin < most - 1 && (held >= fair || nextIsHeavy)) {
      remaining -= held
      held = 0
      bin++
    }
  }
  // The last value may have closed its bin, leaving none for later: bins are numbered without a gap either way.
  return binOf
}

/** The middle, as a float32 number t with below <= t < above. */
function cutBetween(below: number, above: number): number {
  const middle = Math.fround((below + above) / 2)
  return middle < above ? middle : below
}
