import { loadLibrary } from './library.ts'
import { MEASURED_LIMITS } from './measure.ts'

/** A small JPEG of a picture, upright, its longest side at most `side` pixels; what can be made of a damaged one. */
export async function thumbnailOf(bytes: Uint8Array, side: number): Promise<Buffer> {
  const sharp = await loadLibrary()
  return sharp(bytes, { limitInputPixels: MEASURED_LIMITS.pixels, failOn: 'none', sequentialRead: true })
    .timeout({ seconds: 30 })
    .autoOrient()
    .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .jpeg({ quality: 72 })
    .toBuffer()
}
