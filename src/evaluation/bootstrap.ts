import type { Metrics } from './contract.ts'
import type { LazyMetrics } from './definitions.ts'
import { seededRandom } from './random.ts'
import type { Values } from './scored.ts'

export interface BootstrapOptions {
  /** The same seed gives the same interval; 1 unless told. */
  readonly seed?: number
  /** Resamples wanted; 400 unless told, fewer when the rows are many. */
  readonly resamples?: number
}

// Some seconds' worth: past 50,000 rows the number of resamples falls, though never below what a percentile needs.
const ROWS_DRAWN = 20_000_000
const FEWEST = 60

/**
 * The metrics `names` of resamples of `rows` rows drawn with replacement (Efron 1979). A resample is handed to `compute` as how often
 * each row was drawn times the row's own weight, so that what was sorted once stays sorted.
 */
export function bootstrap(
  rows: number,
  names: readonly string[],
  compute: (weights: Values) => LazyMetrics,
  options: BootstrapOptions & { weights?: Values | undefined } = {},
): Metrics[] {
  const random = seededRandom(options.seed ?? 1)
  const wanted = options.resamples ?? 400
  const resamples = Math.min(wanted, Math.max(FEWEST, Math.floor(ROWS_DRAWN / rows)))
  const drawn = new Float64Array(rows)
  return Array.from({ length: resamples }, () => {
    drawn.fill(0)
    for (let i = 0; i < rows; i++) drawn[random.below(rows)]!++
    if (options.weights) for (let i = 0; i < rows; i++) drawn[i]! *= options.weights[i]!
    const metrics = compute(drawn)
    return Object.fromEntries(names.map((name) => [name, metrics[name]!()]))
  })
}

/** The values of one metric over resamples, ascending, without the resamples that did not define it. */
export function resampledValues(resamples: readonly Metrics[], metric: string): Float64Array {
  return Float64Array.from(resamples, (metrics) => metrics[metric] ?? Number.NaN)
    .filter((value) => !Number.isNaN(value))
    .sort()
}

/** The share-`q` quantile of ascending values, interpolated (Hyndman & Fan's type 7, NumPy's default). */
export function quantileOfSorted(sorted: Values, q: number): number {
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!)
}
