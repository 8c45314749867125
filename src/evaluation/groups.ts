import type { Column, Frame } from '#platform/table'
import { columnNamed } from '#platform/table'
import type { FeatureHistogram } from './contract.ts'
import { baselineOf, binsOfRows } from './histogram.ts'
import { classCount, type Values } from './scored.ts'

/** Rows that share a bin of one column, under the bin's name. */
export interface RowGroup {
  readonly column: string
  readonly group: string
  readonly rows: Uint32Array
}

export interface GroupingOptions {
  /** Ranges of about equal shares that a numeric column is cut into; 5 unless told. */
  readonly bins?: number
  /** Categories with a group of their own, the rest being "other"; 20 unless told. */
  readonly categories?: number
}

/**
 * The rows of each category of a categorical column, of each value of a numeric column with few values, else of each of
 * its quantile ranges, and of the missing. Groups without rows are left out.
 * @throws RangeError when the frame lacks the column
 */
export function groupRows(frame: Frame, name: string, options: GroupingOptions = {}): RowGroup[] {
  const column = columnNamed(frame, name)
  if (!column) throw new RangeError(`no column "${name}"; there are ${frame.columns.map((c) => c.name).join(', ')}`)
  const [histogram] = baselineOf(
    { rows: frame.rows, columns: [column] },
    { bins: options.bins ?? 5, categories: options.categories ?? 20 },
  ).features
  return rowsByBin(column, histogram!)
}

function rowsByBin(column: Column, histogram: FeatureHistogram): RowGroup[] {
  const rows = histogram.counts.map((count) => new Uint32Array(count))
  const filled = new Uint32Array(rows.length)
  binsOfRows(column, histogram).forEach((bin, row) => {
    rows[bin]![filled[bin]!++] = row
  })
  const labels = binLabels(histogram)
  return rows
    .map((members, bin) => ({ column: column.name, group: labels[bin]!, rows: members }))
    .filter((group) => group.rows.length > 0)
}

/** A name for each bin of a histogram: "≤ 3", "3 – 8", "> 8", "missing"; "red", "other", "missing". */
export function binLabels(histogram: FeatureHistogram): string[] {
  if (histogram.kind === 'categorical') return [...histogram.categories, 'other', 'missing']
  const edges = histogram.edges.map(shortNumber)
  if (edges.length === 0) return ['any', 'missing']
  const between = edges.slice(1).map((edge, i) => `${edges[i]} – ${edge}`)
  return [`≤ ${edges[0]}`, ...between, `> ${edges[edges.length - 1]}`, 'missing']
}

/** A number for reading, to four significant digits: 0.003467, 12.5, 1235000. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** A share for reading, to a tenth of a per cent. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`
}

/** The values at `rows`; of a row-major table with `width` values a row, the rows' runs of them. */
export function takeValues(values: Values, rows: ArrayLike<number>, width = 1): Float64Array {
  const taken = new Float64Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < width; j++) taken[i * width + j] = values[rows[i]! * width + j]!
  }
  return taken
}

/** Truth and scores of some rows, whatever the task. */
export function takeScored(
  truth: Values,
  scores: Values,
  rows: ArrayLike<number>,
): { truth: Float64Array; scores: Float64Array } {
  return { truth: takeValues(truth, rows), scores: takeValues(scores, rows, classCount(truth, scores)) }
}
