import { loadLibrary } from './library.ts'
import { pngOf } from './overlay.ts'
import type { Pixels } from './pixels.ts'

const TILE = 96
const EDGE = 4
const COLUMNS = 10

/**
 * Pictures in rows, group after group, each group in a frame of its colour: a contact sheet, as a PNG.
 *
 * @param groups each with the colour of its frames, `#rrggbb`; a group starts on a row of its own
 */
export async function contactSheet(
  groups: readonly { readonly colour: string; readonly pictures: readonly Pixels[] }[],
): Promise<Buffer> {
  const sharp = await loadLibrary()
  const tiles: { input: Buffer; left: number; top: number }[] = []
  let rows = 0
  for (const { colour, pictures } of groups) {
    for (const [i, picture] of pictures.entries()) {
      const input = await sharp(await pngOf(picture))
        .resize({ width: TILE - 2 * EDGE, height: TILE - 2 * EDGE, fit: 'cover' })
        .extend({ top: EDGE, bottom: EDGE, left: EDGE, right: EDGE, background: colour })
        .png()
        .toBuffer()
      tiles.push({ input, left: (i % COLUMNS) * (TILE + EDGE), top: (rows + Math.floor(i / COLUMNS)) * (TILE + EDGE) })
    }
    rows += Math.ceil(pictures.length / COLUMNS)
  }
  const size = { width: COLUMNS * (TILE + EDGE), height: Math.max(1, rows) * (TILE + EDGE) }
  return sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
    .composite(tiles)
    .png()
    .toBuffer()
}
