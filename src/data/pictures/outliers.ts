import { PICTURE_MEASURES, type PictureMeasure } from './contract.ts'

/** Tukey's outer fence: three interquartile ranges from the nearer quartile. */
const FENCE = 3
/** Sets that are all of one size have no spread: a picture of another size is then infinitely far. */
const LEAST_SPREAD = 1e-9
const MOST_FAR = 1e6
/** Measures that spread over orders of magnitude are compared by theirs. */
const LOGARITHMIC: readonly PictureMeasure[] = ['width', 'height', 'aspect', 'bytes', 'sharpness']

/** What was measured of pictures: a column each. */
export type MeasureColumns = Readonly<Record<PictureMeasure, Float64Array>>

/** A picture that lies far from the others by a measure, by its place in the columns. */
export interface Outlier {
  readonly at: number
  readonly measure: PictureMeasure
  readonly value: number
  /** Interquartile ranges from the nearer quartile. */
  readonly far: number
}

/** The pictures beyond the fence by any measure, each once and by the measure that it is furthest by; in their order. */
export function outliersOf(columns: MeasureColumns, sorted: MeasureColumns): Outlier[] {
  const furthest = new Map<number, Outlier>()
  for (const measure of PICTURE_MEASURES) {
    const scale = LOGARITHMIC.includes(measure)
      ? (value: number) => Math.log(Math.max(value, 1e-6))
      : (value: number) => value
    const [low, high] = [quantile(sorted[measure], 0.25, scale), quantile(sorted[measure], 0.75, scale)]
    const spread = Math.max(high - low, LEAST_SPREAD)
    columns[measure].forEach((value, at) => {
      const scaled = scale(value)
      const far = Math.max(low - scaled, scaled - high) / spread
      if (far <= FENCE || far <= (furthest.get(at)?.far ?? 0)) return
      furthest.set(at, { at, measure, value, far: Math.min(far, MOST_FAR) })
    })
  }
  return [...furthest.values()].sort((a, b) => a.at - b.at)
}

/**
 * @param sorted from the smallest on
 * @param scale that keeps the order, and that values are between each other by
 */
export function quantile(sorted: Float64Array, share: number, scale = (value: number) => value): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [scale(sorted[Math.floor(at)]!), scale(sorted[Math.ceil(at)]!)]
  return below + (above - below) * (at - Math.floor(at))
}
