import type { Pixels } from './pixels.ts'

/** A small change of a picture that should not change what is on it. */
export type Disturbance =
  | { kind: 'noise' /** Standard deviation, as a share of the whole scale. */; level: number }
  | { kind: 'blur' /** Standard deviation of the Gaussian, in pixels of the model's input. */; radius: number }
  | {
      kind: 'crop' /** Share of each side that is cut off, half at each end; the rest is stretched again. */
      share: number
    }
  | { kind: 'light' /** What every value is multiplied by: below 1 is dusk. */; factor: number }
  | { kind: 'mirror' }

/** Numbers drawn from a seed: the same seed gives the same report. */
export interface Chance {
  normal(): number
}

/** The picture with the disturbance; the original is left as it is. */
export function disturb(pixels: Pixels, disturbance: Disturbance, chance: Chance): Pixels {
  switch (disturbance.kind) {
    case 'noise':
      return mapped(pixels, (value) => value + 255 * disturbance.level * chance.normal())
    case 'light':
      return mapped(pixels, (value) => value * disturbance.factor)
    case 'blur':
      return blurred(pixels, disturbance.radius)
    case 'crop':
      return cropped(pixels, disturbance.share)
    case 'mirror':
      return mirrored(pixels)
  }
}

/** In words, for reports. */
export function disturbanceName(disturbance: Disturbance): string {
  switch (disturbance.kind) {
    case 'noise':
      return `noise of ${percent(disturbance.level)}`
    case 'light':
      return `${disturbance.factor < 1 ? 'darkened' : 'brightened'} to ${percent(disturbance.factor)}`
    case 'blur':
      return `blur of ${disturbance.radius} pixels`
    case 'crop':
      return `${percent(disturbance.share)} cut off`
    case 'mirror':
      return 'mirrored'
  }
}

const percent = (share: number) => `${Number((share * 100).toFixed(1))} %`

// A clamped array rounds and limits to 0…255 by itself.
function mapped(pixels: Pixels, change: (value: number) => number): Pixels {
  const data = new Uint8ClampedArray(pixels.data.length)
  for (let i = 0; i < data.length; i++) data[i] = change(pixels.data[i]!)
  return { ...pixels, data: bytesOf(data) }
}

const bytesOf = ({ buffer }: Uint8ClampedArray<ArrayBuffer>) => new Uint8Array(buffer)

function blurred(pixels: Pixels, radius: number): Pixels {
  const reach = Math.ceil(3 * radius)
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * radius ** 2)))
  const total = kernel.reduce((sum, weight) => sum + weight, 0)
  const { width, height, channels, data } = pixels
  const along = (from: ArrayLike<number>, x: number, y: number, c: number, dx: number, dy: number) => {
    let sum = 0
    for (let k = -reach; k <= reach; k++) {
      // Beyond the edge the last pixel goes on.
      const sx = Math.min(width - 1, Math.max(0, x + k * dx))
      const sy = Math.min(height - 1, Math.max(0, y + k * dy))
      sum += kernel[k + reach]! * from[(sy * width + sx) * channels + c]!
    }
    return sum / total
  }
  const rows = new Float32Array(data.length)
  const both = new Uint8ClampedArray(data.length)
  for (const [from, to, dx, dy] of [[data, rows, 1, 0] as const, [rows, both, 0, 1] as const])
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++) for (let c = 0; c < channels; c++) to[i++] = along(from, x, y, c, dx, dy)
  return { ...pixels, data: bytesOf(both) }
}

/** The middle, stretched to the old size between neighbouring pixels (bilinear, pixel centres aligned). */
function cropped(pixels: Pixels, share: number): Pixels {
  const { width, height, channels, data } = pixels
  const out = new Uint8ClampedArray(data.length)
  const source = (at: number, length: number) =>
    Math.min(length - 1, Math.max(0, (length * share) / 2 + (at + 0.5) * (1 - share) - 0.5))
  for (let y = 0, i = 0; y < height; y++) {
    const sy = source(y, height)
    const y0 = Math.floor(sy)
    const y1 = Math.min(height - 1, y0 + 1)
    for (let x = 0; x < width; x++) {
      const sx = source(x, width)
      const x0 = Math.floor(sx)
      const x1 = Math.min(width - 1, x0 + 1)
      for (let c = 0; c < channels; c++) {
        const at = (px: number, py: number) => data[(py * width + px) * channels + c]!
        const upper = at(x0, y0) + (sx - x0) * (at(x1, y0) - at(x0, y0))
        const lower = at(x0, y1) + (sx - x0) * (at(x1, y1) - at(x0, y1))
        out[i++] = upper + (sy - y0) * (lower - upper)
      }
    }
  }
  return { ...pixels, data: bytesOf(out) }
}

function mirrored(pixels: Pixels): Pixels {
  const { width, height, channels } = pixels
  const data = new Uint8Array(pixels.data.length)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + (width - 1 - x)) * channels
      data.set(pixels.data.subarray(from, from + channels), (y * width + x) * channels)
    }
  return { ...pixels, data }
}
