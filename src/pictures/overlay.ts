import { loadLibrary } from './library.ts'
import type { OcclusionMap } from './occlusion.ts'
import type { Pixels } from './pixels.ts'

const SIDE = 384

/** What an answer rests on, warm; what speaks against it, cold. Distinguishable with any colour vision. */
const FOR = [230, 97, 1] as const
const AGAINST = [44, 123, 182] as const
const STRONGEST = 0.72

/**
 * The occlusion map over the picture that the model saw, as a PNG. The colour is strongest where covering changes the score
 * most; a change of less than one percentage point anywhere stays pale.
 */
export async function overlayOf(pixels: Pixels, map: OcclusionMap): Promise<Buffer> {
  const sharp = await loadLibrary()
  const { width, height } = shownSize(pixels)
  const { columns, rows, drops } = map
  const largest = Math.max(0.01, ...drops.map(Math.abs))
  const heat = Buffer.alloc(columns * rows * 4)
  drops.forEach((drop, i) => {
    heat.set([...(drop >= 0 ? FOR : AGAINST), Math.round((255 * STRONGEST * Math.abs(drop)) / largest)], i * 4)
  })
  const layer = await sharp(heat, { raw: { width: columns, height: rows, channels: 4 } })
    .resize({ width, height, fit: 'fill', kernel: 'cubic' })
    .png()
    .toBuffer()
  return sharp(await pngOf(pixels))
    .composite([{ input: layer }])
    .png({ compressionLevel: 6 })
    .toBuffer()
}

/** The pixels that the model saw, large enough to look at, as a PNG. */
export async function pngOf(pixels: Pixels): Promise<Buffer> {
  const sharp = await loadLibrary()
  const { width, height, channels, data } = pixels
  return sharp(data, { raw: { width, height, channels } })
    .resize({ ...shownSize(pixels), fit: 'fill', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .png()
    .toBuffer()
}

function shownSize({ width, height }: Pixels): { width: number; height: number } {
  const scale = SIDE / Math.max(width, height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
