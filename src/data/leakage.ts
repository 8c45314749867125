import { rocAuc } from '#evaluation'
import type { Column, Frame } from '#platform/table'
import type { LabelFacts, Leakage } from './contract.ts'

/** A single honest column rarely orders 99 % of all pairs rightly; one that is written after the fact does. */
const AUC = 0.99
/** Of the errors that guessing the most frequent class makes, so many are gone. */
const LAMBDA = 0.95
const RANK_CORRELATION = 0.95

/** Fewer labelled rows than this prove nothing. */
const FEWEST_ROWS = 50
/** Fine enough that the two bins which hold a boundary between classes do not hide it. */
const BINS = 200
const ROWS_PER_BIN = 10

/**
 * Columns that nearly give away the label on their own: likely written after the outcome was known. A cheap look at
 * one column at a time, on a sample; strongest first. Numbers that leak a class are found whatever their order, text
 * that leaks a number is not looked for.
 *
 * @param target class indices or values, NaN where the label is not known
 */
export function findLeakage(
  frame: Frame,
  target: Float64Array,
  label: Pick<LabelFacts, 'task' | 'classes'>,
): Leakage[] {
  const rows = [...target.keys()].filter((row) => !Number.isNaN(target[row]!))
  if (rows.length < FEWEST_ROWS) return []
  const found: Leakage[] = []
  for (const column of frame.columns) {
    const leak =
      label.task === 'regression' ? leakOfNumber(column, target, rows) : leakOfClass(column, target, rows, label)
    if (leak) found.push({ column: column.name, ...leak })
  }
  return found.sort((a, b) => b.score - a.score)
}

type Leak = Omit<Leakage, 'column'>

function leakOfClass(
  column: Column,
  target: Float64Array,
  rows: readonly number[],
  label: Pick<LabelFacts, 'task' | 'classes'>,
): Leak | undefined {
  if (column.kind === 'numeric' && label.task === 'binary') {
    const known = rows.filter((row) => !Number.isNaN(column.values[row]!))
    const auc = rocAuc(
      Float64Array.from(known, (row) => target[row]!),
      Float64Array.from(known, (row) => column.values[row]!),
    )
    const either = Math.max(auc, 1 - auc)
    if (known.length >= FEWEST_ROWS && either >= AUC)
      return { score: 2 * either - 1, measure: 'auc', reason: `alone it reaches a ROC-AUC of ${either.toFixed(3)}` }
  }
  const groupOf = column.kind === 'numeric' ? binsOf(column.values, rows) : (row: number) => column.codes[row]!
  const lambda = lambdaOf(groupOf, target, rows, label.classes.length)
  if (lambda < LAMBDA) return undefined
  const share = `${(lambda * 100).toFixed(1)} %`
  return {
    score: lambda,
    measure: 'lambda',
    reason: `alone it removes ${share} of the errors of always guessing the most frequent class`,
  }
}

/**
 * Goodman and Kruskal's lambda (1954), each row predicted by the others of its group: a column whose every value is
 * different knows nothing by it.
 */
function lambdaOf(
  groupOf: (row: number) => number,
  target: Float64Array,
  rows: readonly number[],
  classes: number,
): number {
  const groups = new Map<number, Int32Array>()
  const whole = new Int32Array(classes)
  for (const row of rows) {
    const group = groupOf(row)
    const counts = groups.get(group) ?? new Int32Array(classes)
    groups.set(group, counts)
    counts[target[row]!]!++
    whole[target[row]!]!++
  }
  let right = 0
  for (const counts of groups.values()) {
    const top = Math.max(...counts)
    const second = Math.max(...counts.toSorted().subarray(0, -1), 0)
    // Without itself a row of the top class still sees that class on top if it led by two.
    if (top - 1 > second) right += top
  }
  const guessed = Math.max(...whole)
  return guessed === rows.length ? 0 : (right - guessed) / (rows.length - guessed)
}

/** Groups of (nearly) equal size by value; missing values are a group. */
function binsOf(values: Float64Array, rows: readonly number[]): (row: number) => number {
  const sorted = Float64Array.from(rows, (row) => values[row]!)
    .filter((value) => !Number.isNaN(value))
    .sort()
  const bins = Math.min(BINS, Math.ceil(sorted.length / ROWS_PER_BIN))
  const edges = Array.from({ length: bins - 1 }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / bins)]!)
  return (row) => {
    const value = values[row]!
    if (Number.isNaN(value)) return -1
    let low = 0
    let high = edges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (edges[middle]! <= value) low = middle + 1
      else high = middle
    }
    return low
  }
}

function leakOfNumber(column: Column, target: Float64Array, rows: readonly number[]): Leak | undefined {
  if (column.kind !== 'numeric') return undefined
  const known = rows.filter((row) => !Number.isNaN(column.values[row]!))
  if (known.length < FEWEST_ROWS) return undefined
  const rho = Math.abs(
    correlation(ranks(known.map((row) => column.values[row]!)), ranks(known.map((row) => target[row]!))),
  )
  if (!(rho >= RANK_CORRELATION)) return undefined
  return { score: rho, measure: 'rank_correlation', reason: `its rank correlation with the label is ${rho.toFixed(3)}` }
}

/** Ranks from 1, the mean rank for equal values (Spearman). */
function ranks(values: readonly number[]): Float64Array {
  const order = Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!)
  const rank = new Float64Array(values.length)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let i = from; i < to; i++) rank[order[i]!] = (from + to + 1) / 2
  }
  return rank
}

/** Pearson's correlation; NaN when either is constant. */
function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (a.length + 1) / 2
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - mean, b[i]! - mean]
    ab += x * y
    aa += x * x
    bb += y * y
  }
  return ab / Math.sqrt(aa * bb)
}
