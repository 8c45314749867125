import type { PictureStatistics } from './contract.ts'
import type { Pixels } from './pixels.ts'

/**
 * What a picture looks like in three numbers, of the pixels that the model sees.
 *
 * Luma is that of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B). Contrast is RMS contrast (Peli 1990), sharpness the variance
 * of the 4-neighbour Laplacian (Pech-Pacheco et al. 2000) on the inner pixels; 0 where there are none.
 */
export function statisticsOf(pixels: Pixels): PictureStatistics {
  const { width, height } = pixels
  const luma = lumaOf(pixels)
  const { mean, variance } = moments(luma, luma.length)
  const inner = new Float64Array(Math.max(0, width - 2) * Math.max(0, height - 2))
  let i = 0
  for (let y = 1; y < height - 1; y++) {
    const end = y * width + width - 1
    for (let at = y * width + 1; at < end; at++)
      inner[i++] = luma[at - 1]! + luma[at + 1]! + luma[at - width]! + luma[at + width]! - 4 * luma[at]!
  }
  return {
    brightness: mean / 255,
    contrast: Math.sqrt(variance) / 255,
    sharpness: inner.length > 0 ? moments(inner, inner.length).variance : 0,
  }
}

function lumaOf({ width, height, channels, data }: Pixels): Float64Array {
  const count = width * height
  const luma = new Float64Array(count)
  if (channels === 1) {
    for (let i = 0; i < count; i++) luma[i] = data[i]!
    return luma
  }
  for (let i = 0, at = 0; i < count; i++, at += 3)
    luma[i] = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!
  return luma
}

// Indices, not iterators: these loops are most of what measuring a picture costs beside decoding it.
function moments(values: Float64Array, count: number): { mean: number; variance: number } {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]!
  const mean = sum / count
  let squares = 0
  for (let i = 0; i < count; i++) {
    const off = values[i]! - mean
    squares += off * off
  }
  return { mean, variance: squares / count }
}
