import type { CategoricalColumn, Column, Frame, NumericColumn } from '#platform/table'
import { columnNamed } from '#platform/table'
import { besideOf, numericBin, quantileEdges } from './binning.ts'
import type { CategoricalHistogram, Distribution, FeatureHistogram, NumericHistogram } from './contract.ts'

export interface BinningOptions {
  /** Bins of a numeric column, missing apart; 10 unless told. */
  readonly bins?: number
  /** Categories with a bin of their own, "other" and missing apart; 20 unless told. */
  readonly categories?: number
}

// Names kept of the categories without a bin, so that a category never seen is told from a rare one. A column with more
// is an identifier in all but name, where every window has new ones.
const OTHERS_KEPT = 1000

/** The distribution of every column of `frame`, binned by its own values: the reference that windows are compared with. */
export function baselineOf(frame: Frame, options: BinningOptions = {}): Distribution {
  return {
    rows: frame.rows,
    features: frame.columns.map((column) =>
      column.kind === 'numeric'
        ? countNumeric(column, quantileEdges(column.values, options.bins ?? 10))
        : countCategorical(column, topCategories(column, options.categories ?? 20)),
    ),
  }
}

/**
 * The distribution of `frame` in the bins of `baseline`, over the columns they share by name and kind. A column the
 * frame lacks is absent from the result.
 */
export function distributionOf(frame: Frame, baseline: Distribution): Distribution {
  return {
    rows: frame.rows,
    features: baseline.features.flatMap((reference): FeatureHistogram[] => {
      const column = columnNamed(frame, reference.name)
      if (column?.kind === 'numeric' && reference.kind === 'numeric')
        return [countNumeric(column, reference.edges, reference)]
      if (column?.kind === 'categorical' && reference.kind === 'categorical')
        return [countCategorical(column, reference.categories)]
      return []
    }),
  }
}

/** The bin of each row; the last bin, number `counts.length - 1`, is for missing values. */
export function binsOfRows(column: Column, histogram: FeatureHistogram): Int32Array {
  const bins = new Int32Array(column.kind === 'numeric' ? column.values.length : column.codes.length)
  if (column.kind === 'numeric' && histogram.kind === 'numeric') {
    for (let i = 0; i < bins.length; i++) bins[i] = numericBin(column.values[i]!, histogram.edges)
  } else if (column.kind === 'categorical' && histogram.kind === 'categorical') {
    const binOfCode = categoryBins(column, histogram.categories)
    for (let i = 0; i < bins.length; i++)
      bins[i] = categoryBin(column.codes[i]!, binOfCode, histogram.categories.length)
  } else throw new RangeError(`column "${column.name}" is ${column.kind}, its histogram ${histogram.kind}`)
  return bins
}

function categoryBins(column: CategoricalColumn, categories: readonly string[]): Int32Array {
  const known = new Map(categories.map((name, bin) => [name, bin]))
  return Int32Array.from(column.categories, (name) => known.get(name) ?? categories.length)
}

function categoryBin(code: number, binOfCode: Int32Array, other: number): number {
  return code < 0 ? other + 1 : binOfCode[code]!
}

function topCategories(column: CategoricalColumn, limit: number): string[] {
  const counts = categoryCounts(column)
  // Equal counts go by name, so that the order of a dictionary does not change a baseline.
  return [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1)).slice(0, limit)
}

/** Rows of each category that occurs. */
function categoryCounts(column: CategoricalColumn): Map<string, number> {
  const counts = new Int32Array(column.categories.length)
  for (const code of column.codes) if (code >= 0) counts[code] = counts[code]! + 1
  const byName = new Map<string, number>()
  column.categories.forEach((name, code) => {
    if (counts[code]! > 0) byName.set(name, (byName.get(name) ?? 0) + counts[code]!)
  })
  return byName
}

function countNumeric(
  column: NumericColumn,
  edges: readonly number[],
  range: { min: number | null; max: number | null } = { min: null, max: null },
): NumericHistogram {
  const least = range.min === null ? Number.NEGATIVE_INFINITY : besideOf(range.min)[0]
  const greatest = range.max === null ? Number.POSITIVE_INFINITY : besideOf(range.max)[1]
  const counts = new Array<number>(edges.length + 2).fill(0)
  let present = 0
  let below = 0
  let above = 0
  let mean = 0
  let spread = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (const value of column.values) {
    const bin = numericBin(value, edges)
    counts[bin] = counts[bin]! + 1
    if (!Number.isFinite(value)) continue
    present++
    if (value < least) below++
    if (value > greatest) above++
    const away = value - mean
    mean += away / present
    spread += away * (value - mean)
    if (value < min) min = value
    if (value > max) max = value
  }
  const moments =
    present > 0 ? { mean, std: Math.sqrt(spread / present), min, max } : { mean: null, std: null, min: null, max: null }
  return {
    name: column.name,
    kind: 'numeric',
    n: column.values.length,
    counts,
    edges: [...edges],
    ...moments,
    below,
    above,
  }
}

function countCategorical(column: CategoricalColumn, categories: readonly string[]): CategoricalHistogram {
  const byName = categoryCounts(column)
  const counts = categories.map((name) => byName.get(name) ?? 0)
  for (const name of categories) byName.delete(name)
  const other = [...byName.values()].reduce((sum, count) => sum + count, 0)
  const n = column.codes.length
  counts.push(other, n - other - counts.reduce((sum, count) => sum + count, 0))
  return {
    name: column.name,
    kind: 'categorical',
    n,
    counts,
    categories: [...categories],
    ...keptOthers(byName),
  }
}

/** The most frequent of the categories without a bin, as many as are kept. */
export function keptOthers(counts: ReadonlyMap<string, number>): {
  others: Record<string, number>
  othersComplete: boolean
} {
  const byCount = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return {
    others: Object.fromEntries(byCount.slice(0, OTHERS_KEPT)),
    othersComplete: byCount.length <= OTHERS_KEPT,
  }
}

/** Rows whose value is not missing. */
export function presentRows(histogram: FeatureHistogram): number {
  return histogram.n - histogram.counts[histogram.counts.length - 1]!
}
