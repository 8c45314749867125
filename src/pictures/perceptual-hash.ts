import { LUMA_STEP } from './luma.ts'
import type { Pixels } from './pixels.ts'

const SIDE = 32
const KEPT = 8

/**
 * The mean luma (0 to 255) of `side` × `side` parts of a picture, row by row, whatever its shape.
 *
 * @param luma as `lumaOf` gives it
 */
export function shrunk(
  { width, height }: Pick<Pixels, 'width' | 'height'>,
  luma: Int32Array,
  side: number,
): Float64Array {
  const parts = new Float64Array(side * side)
  const columns = spansOf(side, width)
  const rows = spansOf(side, height)
  // The rows of a part are added up first: whole rows are read as they lie.
  const sums = new Float64Array(width)
  for (let row = 0; row < side; row++) {
    const [top, bottom] = [rows[2 * row]!, rows[2 * row + 1]!]
    sums.fill(0)
    for (let y = top; y < bottom; y++) for (let x = 0, at = y * width; x < width; x++, at++) sums[x]! += luma[at]!
    for (let column = 0; column < side; column++) {
      const [left, right] = [columns[2 * column]!, columns[2 * column + 1]!]
      let sum = 0
      for (let x = left; x < right; x++) sum += sums[x]!
      parts[row * side + column] = sum / ((bottom - top) * (right - left)) / LUMA_STEP
    }
  }
  return parts
}

/** Where each part begins and ends; at least one pixel, also where there are more parts than pixels. */
function spansOf(parts: number, pixels: number): Int32Array {
  const spans = new Int32Array(2 * parts)
  for (let part = 0; part < parts; part++) {
    const from = Math.floor((part * pixels) / parts)
    spans[2 * part] = from
    spans[2 * part + 1] = Math.max(from + 1, Math.floor(((part + 1) * pixels) / parts))
  }
  return spans
}

/** Rows of the cosine transform (DCT-II) for frequencies 1 to 8; the constant part says nothing of a picture's shape. */
const COSINES = Float64Array.from({ length: KEPT * SIDE }, (_, i) => {
  const [frequency, x] = [Math.floor(i / SIDE) + 1, i % SIDE]
  return Math.cos((Math.PI * frequency * (2 * x + 1)) / (2 * SIDE))
})

/**
 * 64 bits that stay nearly the same when a picture is scaled, compressed or lit otherwise: which of the 8 × 8 lowest
 * frequencies of its 32 × 32 luma are above their median (the DCT hash of C. Zauner, 2010).
 *
 * @param luma 32 × 32 values
 * @returns 8 bytes, the lowest frequency in the highest bit
 */
export function perceptualHash(luma: Float64Array): Uint8Array {
  const rows = new Float64Array(KEPT * SIDE)
  for (let y = 0; y < SIDE; y++)
    for (let f = 0; f < KEPT; f++) {
      let sum = 0
      for (let x = 0; x < SIDE; x++) sum += COSINES[f * SIDE + x]! * luma[y * SIDE + x]!
      rows[f * SIDE + y] = sum
    }
  const strengths = new Float64Array(KEPT * KEPT)
  for (let fy = 0; fy < KEPT; fy++)
    for (let fx = 0; fx < KEPT; fx++) {
      let sum = 0
      for (let y = 0; y < SIDE; y++) sum += COSINES[fy * SIDE + y]! * rows[fx * SIDE + y]!
      strengths[fy * KEPT + fx] = sum
    }
  const sorted = strengths.toSorted()
  const median = (sorted[31]! + sorted[32]!) / 2
  const hash = new Uint8Array(KEPT)
  for (let i = 0; i < 64; i++) if (strengths[i]! > median) hash[i >> 3]! |= 0x80 >> (i & 7)
  return hash
}
