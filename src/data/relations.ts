import type { CategoricalColumn, Column, Frame, NumericColumn } from '#platform/table'
import type { Relation } from './contract.ts'

/** More columns than this have too many pairs to look at. */
const MOST_COLUMNS = 60
/** Fewer rows on which both are known prove nothing. */
const FEWEST_ROWS = 30
/** Weaker ones are not told. */
const WEAKEST = 0.1
/** Categories that are told apart; a column with more is left out. */
const MOST_CATEGORIES = 100

/**
 * How strongly each two columns hang together, in a sample, strongest first. Two columns of numbers by Spearman's rank
 * correlation; two of categories by Cramér's V, corrected for bias (Bergsma 2013, J. Korean Stat. Soc. 42(3)); one of
 * each by the correlation ratio η (Fisher 1925), of ranks and corrected (Kelley's ε, 1935) so that many categories do not look
 * strong by chance.
 */
export function relationsOf(frame: Frame): Relation[] {
  const columns = frame.columns
    .filter((column) => column.kind === 'numeric' || column.categories.length <= MOST_CATEGORIES)
    .slice(0, MOST_COLUMNS)
  const ranked = new Map(columns.map((column) => [column, column.kind === 'numeric' ? ranksOf(column.values) : null]))
  const found: Relation[] = []
  for (const [i, a] of columns.entries())
    for (const b of columns.slice(i + 1)) {
      const relation = relate(a, b, ranked)
      if (relation && Math.abs(relation.value) >= WEAKEST) found.push({ a: a.name, b: b.name, ...relation })
    }
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
}

function relate(
  a: Column,
  b: Column,
  ranked: ReadonlyMap<Column, Float64Array | null>,
): Pick<Relation, 'measure' | 'value'> | undefined {
  if (a.kind === 'numeric' && b.kind === 'numeric') {
    const value = correlationOf(ranked.get(a)!, ranked.get(b)!)
    return value === undefined ? undefined : { measure: 'spearman', value }
  }
  if (a.kind === 'categorical' && b.kind === 'categorical') {
    const value = cramersV(a, b)
    return value === undefined ? undefined : { measure: 'cramers_v', value }
  }
  const [numbers, groups] = (a.kind === 'numeric' ? [a, b] : [b, a]) as [NumericColumn, CategoricalColumn]
  const value = correlationRatio(ranked.get(numbers)!, groups)
  return value === undefined ? undefined : { measure: 'correlation_ratio', value }
}

/** Ranks from 1, the mean rank for equal values; NaN stays. */
function ranksOf(values: Float64Array): Float64Array {
  const order = Int32Array.from(values.keys())
    .filter((i) => !Number.isNaN(values[i]!))
    .sort((a, b) => values[a]! - values[b]!)
  const ranks = new Float64Array(values.length).fill(Number.NaN)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to + 1) / 2
  }
  return ranks
}

/** Pearson's, over the rows where both are known. */
function correlationOf(a: Float64Array, b: Float64Array): number | undefined {
  let [n, sa, sb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!]
    if (Number.isNaN(x) || Number.isNaN(y)) continue
    n++
    sa += x
    sb += y
  }
  if (n < FEWEST_ROWS) return undefined
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - sa / n, b[i]! - sb / n]
    if (Number.isNaN(x) || Number.isNaN(y)) continue
    ab += x * y
    aa += x * x
    bb += y * y
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : undefined
}

function cramersV(a: CategoricalColumn, b: CategoricalColumn): number | undefined {
  const [r, c] = [a.categories.length, b.categories.length]
  const table = new Float64Array(r * c)
  const [rows, columns] = [new Float64Array(r), new Float64Array(c)]
  let n = 0
  for (let i = 0; i < a.codes.length; i++) {
    const [x, y] = [a.codes[i]!, b.codes[i]!]
    if (x < 0 || y < 0) continue
    table[x * c + y]!++
    rows[x]!++
    columns[y]!++
    n++
  }
  if (n < FEWEST_ROWS) return undefined
  // Categories that the sample does not hold are no part of its table.
  const [used, other] = [rows.filter(Boolean).length, columns.filter(Boolean).length]
  if (used < 2 || other < 2) return undefined
  let phi2 = -1
  for (let x = 0; x < r; x++)
    for (let y = 0; y < c; y++) if (table[x * c + y]! > 0) phi2 += table[x * c + y]! ** 2 / (rows[x]! * columns[y]!)
  const corrected = Math.max(0, phi2 - ((used - 1) * (other - 1)) / (n - 1))
  const least = Math.min(used - (used - 1) ** 2 / (n - 1), other - (other - 1) ** 2 / (n - 1)) - 1
  return least > 0 ? Math.min(1, Math.sqrt(corrected / least)) : undefined
}

function correlationRatio(ranks: Float64Array, { codes, categories }: CategoricalColumn): number | undefined {
  const [counts, sums] = [new Float64Array(categories.length), new Float64Array(categories.length)]
  let [n, sum, squares] = [0, 0, 0]
  for (let i = 0; i < ranks.length; i++) {
    const [value, code] = [ranks[i]!, codes[i]!]
    if (Number.isNaN(value) || code < 0) continue
    counts[code]!++
    sums[code]! += value
    n++
    sum += value
    squares += value * value
  }
  const groups = counts.filter(Boolean).length
  const whole = squares - sum ** 2 / n
  if (n < FEWEST_ROWS || groups < 2 || groups >= n || !(whole > 0)) return undefined
  let between = -(sum ** 2) / n
  for (let g = 0; g < counts.length; g++) if (counts[g]! > 0) between += sums[g]! ** 2 / counts[g]!
  return Math.sqrt(Math.max(0, 1 - ((1 - between / whole) * (n - 1)) / (n - groups)))
}
