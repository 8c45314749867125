import type { PictureStatistics } from './contract.ts'
import { LUMA_STEP, lumaOf } from './luma.ts'
import type { Pixels } from './pixels.ts'

/**
 * What a picture looks like in three numbers, of the pixels that the model sees.
 *
 * Luma is that of ITU-R BT.601. Contrast is RMS contrast (Peli 1990), sharpness the variance of the 4-neighbour Laplacian
 * (Pech-Pacheco et al. 2000) on the inner pixels; 0 where there are none.
 *
 * @param luma its `lumaOf`, where that is known already
 */
export function statisticsOf(pixels: Pixels, luma = lumaOf(pixels)): PictureStatistics {
  const { width, height } = pixels
  let sum = 0
  let squares = 0
  for (let i = 0; i < luma.length; i++) {
    const value = luma[i]!
    sum += value
    squares += value * value
  }
  let edges = 0
  let edgeSquares = 0
  for (let y = 1; y < height - 1; y++) {
    const start = y * width
    const end = start + width - 1
    // Each is read once from its own row.
    let left = luma[start]!
    let here = luma[start + 1]!
    for (let at = start + 1; at < end; at++) {
      const right = luma[at + 1]!
      const edge = (left + right + luma[at - width]! + luma[at + width]! - 4 * here) | 0
      edges += edge
      edgeSquares += edge * edge
      left = here
      here = right
    }
  }
  const inner = Math.max(0, width - 2) * Math.max(0, height - 2)
  return {
    brightness: sum / luma.length / LUMA_STEP / 255,
    contrast: Math.sqrt(variance(sum, squares, luma.length)) / LUMA_STEP / 255,
    sharpness: inner > 0 ? variance(edges, edgeSquares, inner) / LUMA_STEP ** 2 : 0,
  }
}

/** Of whole numbers, whose sums lose nothing: the short formula is as good as that of two passes. */
const variance = (sum: number, squares: number, count: number) => Math.max(0, (squares - (sum * sum) / count) / count)
