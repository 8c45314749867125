import type { Pixels } from './pixels.ts'

export interface OcclusionOptions {
  /** Patches from side to side; the map has as many columns and rows. */
  readonly grid?: number
  /** Side of the patch that is covered, in cells of the grid: more than 1 makes neighbours overlap, and the map smooth. */
  readonly patch?: number
  /** Pictures of one call of the model. */
  readonly batch?: number
}

export interface OcclusionMap {
  /** The score that is explained, of the picture as it is. */
  readonly score: number
  /** Cells from side to side and from top to bottom. */
  readonly columns: number
  readonly rows: number
  /** By row from the top: how far the score falls when this part is covered; below 0 it rises. */
  readonly drops: Float64Array
}

const DEFAULTS: Required<OcclusionOptions> = { grid: 10, patch: 2, batch: 32 }

/**
 * Which parts of a picture an answer rests on: each is covered with the picture's mean colour, and the score is asked again
 * (Zeiler & Fergus 2014). It needs nothing of the model but its answers, and costs grid² + 1 of them.
 *
 * @param score the score of each picture, such as the probability of the label that was answered
 */
export async function occlusionOf(
  pixels: Pixels,
  score: (pictures: readonly Pixels[]) => Promise<ArrayLike<number>>,
  options: OcclusionOptions = {},
): Promise<OcclusionMap> {
  const { grid, patch, batch } = { ...DEFAULTS, ...options }
  const columns = Math.min(grid, pixels.width)
  const rows = Math.min(grid, pixels.height)
  const cover = meanColour(pixels)
  const [whole] = Array.from(await score([pixels]))
  const drops = new Float64Array(columns * rows)
  for (let from = 0; from < drops.length; from += batch) {
    const cells = Array.from({ length: Math.min(batch, drops.length - from) }, (_, i) => from + i)
    const scores = await score(cells.map((cell) => covered(pixels, cell, { columns, rows, patch, cover })))
    cells.forEach((cell, i) => {
      drops[cell] = whole! - scores[i]!
    })
  }
  return { score: whole!, columns, rows, drops }
}

/** The picture with the patch around a cell in one colour. */
function covered(
  pixels: Pixels,
  cell: number,
  { columns, rows, patch, cover }: { columns: number; rows: number; patch: number; cover: Uint8Array },
): Pixels {
  const { width, height, channels } = pixels
  const data = pixels.data.slice()
  const [left, right] = span(cell % columns, width / columns, patch, width)
  const [top, bottom] = span(Math.floor(cell / columns), height / rows, patch, height)
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) data.set(cover, (y * width + x) * channels)
  return { ...pixels, data }
}

/** From and to, of `patch` cells around the middle of one; at the border less of it. */
function span(cell: number, size: number, patch: number, length: number): [number, number] {
  const middle = (cell + 0.5) * size
  const half = (patch * size) / 2
  return [Math.max(0, Math.round(middle - half)), Math.min(length, Math.round(middle + half))]
}

function meanColour({ channels, data }: Pixels): Uint8Array {
  const colour = new Uint8Array(channels)
  const pixels = data.length / channels
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let i = c; i < data.length; i += channels) sum += data[i]!
    colour[c] = Math.round(sum / pixels)
  }
  return colour
}
