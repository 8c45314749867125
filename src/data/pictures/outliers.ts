import { PICTURE_MEASURES, type PictureMeasure, type PictureProfile } from './contract.ts'
import { measureOf, type ReadablePicture } from './described.ts'

/** Tukey's outer fence: three interquartile ranges from the nearer quartile. */
const FENCE = 3
/** Sets that are all of one size have no spread: a picture of another size is then infinitely far. */
const LEAST_SPREAD = 1e-9
/** Measures that spread over orders of magnitude are compared by theirs. */
const LOGARITHMIC: readonly PictureMeasure[] = ['width', 'height', 'aspect', 'bytes', 'sharpness']

type Outlier = PictureProfile['outliers'][number]

/** The pictures that lie furthest from the others by any measure, each once, the furthest first. */
export function outliersOf(pictures: readonly ReadablePicture[], most: number): Outlier[] {
  const furthest = new Map<string, Outlier>()
  for (const measure of PICTURE_MEASURES) {
    const scale = LOGARITHMIC.includes(measure)
      ? (value: number) => Math.log(Math.max(value, 1e-6))
      : (value: number) => value
    const values = Float64Array.from(pictures, (one) => scale(measureOf(one, measure)))
    const sorted = Float64Array.from(values).sort()
    const [low, high] = [quantile(sorted, 0.25), quantile(sorted, 0.75)]
    const spread = Math.max(high - low, LEAST_SPREAD)
    values.forEach((value, i) => {
      const far = Math.max(low - value, value - high) / spread
      const { path, hash } = pictures[i]!
      if (far <= FENCE || far <= (furthest.get(hash)?.far ?? 0)) return
      furthest.set(hash, { path, hash, measure, value: measureOf(pictures[i]!, measure), far: Math.min(far, 1e6) })
    })
  }
  return [...furthest.values()].sort((a, b) => b.far - a.far || (a.path < b.path ? -1 : 1)).slice(0, most)
}

/** @param sorted from the smallest on */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return below + (above - below) * (at - Math.floor(at))
}
