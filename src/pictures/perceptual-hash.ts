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
  for (let row = 0; row < side; row++) {
    const [top, bottom] = span(row, side, height)
    for (let column = 0; column < side; column++) {
      const [left, right] = span(column, side, width)
      let sum = 0
      for (let y = top; y < bottom; y++) for (let at = y * width + left; at < y * width + right; at++) sum += luma[at]!
      parts[row * side + column] = sum / ((bottom - top) * (right - left)) / LUMA_STEP
    }
  }
  return parts
}

/** The pixels of a part; at least one, also where there are more parts than pixels. */
function span(part: number, parts: number, pixels: number): [number, number] {
  const from = Math.floor((part * pixels) / parts)
  return [from, Math.max(from + 1, Math.floor(((part + 1) * pixels) / parts))]
}

/** Rows of the cosine transform (DCT-II) for frequencies 1 to 8; the constant part says nothing of a picture's shape. */
const COSINES = Array.from({ length: KEPT }, (_, f) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos((Math.PI * (f + 1) * (2 * x + 1)) / (2 * SIDE))),
)

/**
 * 64 bits that stay nearly the same when a picture is scaled, compressed or lit otherwise: which of the 8 × 8 lowest
 * frequencies of its 32 × 32 luma are above their median (the DCT hash of C. Zauner, 2010).
 *
 * @param luma 32 × 32 values
 * @returns 16 hexadecimal digits
 */
export function perceptualHash(luma: Float64Array): string {
  const rows = new Float64Array(KEPT * SIDE)
  for (let f = 0; f < KEPT; f++)
    for (let y = 0; y < SIDE; y++) {
      let sum = 0
      for (let x = 0; x < SIDE; x++) sum += COSINES[f]![x]! * luma[y * SIDE + x]!
      rows[f * SIDE + y] = sum
    }
  const strengths = new Float64Array(KEPT * KEPT)
  for (let fy = 0; fy < KEPT; fy++)
    for (let fx = 0; fx < KEPT; fx++) {
      let sum = 0
      for (let y = 0; y < SIDE; y++) sum += COSINES[fy]![y]! * rows[fx * SIDE + y]!
      strengths[fy * KEPT + fx] = sum
    }
  const sorted = Float64Array.from(strengths).sort()
  const median = (sorted[31]! + sorted[32]!) / 2
  let hash = ''
  for (let i = 0; i < 64; i += 4) {
    let digit = 0
    for (let bit = 0; bit < 4; bit++) digit = digit * 2 + (strengths[i + bit]! > median ? 1 : 0)
    hash += digit.toString(16)
  }
  return hash
}
