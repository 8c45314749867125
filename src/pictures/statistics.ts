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
  const { mean, variance } = moments(luma)
  const inner = new Float64Array(Math.max(0, width - 2) * Math.max(0, height - 2))
  let i = 0
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x
      inner[i++] = luma[at - 1]! + luma[at + 1]! + luma[at - width]! + luma[at + width]! - 4 * luma[at]!
    }
  return {
    brightness: mean / 255,
    contrast: Math.sqrt(variance) / 255,
    sharpness: inner.length > 0 ? moments(inner).variance : 0,
  }
}

function lumaOf({ width, height, channels, data }: Pixels): Float64Array {
  const luma = new Float64Array(width * height)
  for (let i = 0; i < luma.length; i++)
    luma[i] = channels === 1 ? data[i]! : 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!
  return luma
}

function moments(values: Float64Array): { mean: number; variance: number } {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, variance: squares / values.length }
}
