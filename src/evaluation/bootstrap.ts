import { mean } from './losses.ts'
import { seededRandom } from './random.ts'
import { sampleRows } from './sampling.ts'
import type { Values } from './scored.ts'

export interface BootstrapOptions {
  /** The same seed gives the same interval; 1 unless told. */
  readonly seed?: number
  /** Resamples drawn; 200 unless told. */
  readonly resamples?: number
}

// A standard error falls with the root of the rows, so past this many it is measured on a sample of them and scaled:
// a million rows cost what these do, and what is lost is some per cent of an interval that is very narrow by then.
const MOST_ROWS = 25_000

/** Figures by name, each computed when asked for. */
type Figures = Record<string, () => number>

/**
 * How far each figure in `names` deviates by chance: its values over resamples drawn with replacement (Efron 1979), minus
 * their mean, ascending. `prepare` is given the rows to resample from and returns the figures as a function of how often
 * each of those was drawn, so that what depends on order is sorted once.
 */
export function bootstrapDeviations(
  rows: number,
  names: readonly string[],
  prepare: (rows: Uint32Array) => (drawn: Values) => Figures,
  options: BootstrapOptions = {},
): Record<string, Float64Array> {
  const random = seededRandom(options.seed ?? 1)
  const sample = sampleRows(rows, MOST_ROWS, random)
  const figures = prepare(sample)
  const resamples = options.resamples ?? 200
  const values = names.map(() => new Float64Array(resamples))
  const drawn = new Float64Array(sample.length)
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0)
    for (let i = 0; i < drawn.length; i++) drawn[random.below(drawn.length)]!++
    const now = figures(drawn)
    names.forEach((name, i) => {
      values[i]![resample] = now[name]!()
    })
  }
  const scale = Math.sqrt(sample.length / rows)
  return Object.fromEntries(names.map((name, i) => [name, deviations(values[i]!, scale)]))
}

/** Resamples that do not define a figure (no positive was drawn) are left out. */
function deviations(values: Float64Array, scale: number): Float64Array {
  const defined = values.filter((value) => !Number.isNaN(value))
  const centre = mean(defined)
  return defined.map((value) => scale * (value - centre)).sort()
}

/** The share-`q` quantile of ascending values, interpolated (Hyndman & Fan's type 7, NumPy's default). */
export function quantileOfSorted(sorted: Values, q: number): number {
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!)
}
