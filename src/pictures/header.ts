import type { Metadata, SharpOptions } from 'sharp'
import type { Library } from './library.ts'

/** What a picture says of itself before anything of it is decoded. */
export interface Header {
  /** As it is stored. */
  readonly width: number
  readonly height: number
  /** Upright. */
  readonly autoOrient: { readonly width: number; readonly height: number }
  /** EXIF's, 1 to 8; upright when absent. */
  readonly orientation?: number | undefined
  readonly hasAlpha: boolean
  readonly exif?: Buffer | undefined
}

/**
 * Most JPEGs tell their size in their first hundred bytes and nothing else: those are read here. All others, and all that look
 * odd, the library is asked about, which costs a fifth of decoding a small picture.
 */
export async function readHeader(sharp: Library, bytes: Uint8Array, options: SharpOptions): Promise<Header> {
  const size = plainJpegSize(bytes)
  if (size) return { ...size, autoOrient: size, hasAlpha: false }
  const header: Metadata = await sharp(bytes, options).metadata()
  return header
}

const START_OF_SCAN = 0xda
const EXIF = 'Exif\0'

/** Of a JPEG (ITU-T T.81, B.1) that is whole up to its first scan and has no EXIF; `undefined` for anything else. */
export function plainJpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let size: { width: number; height: number } | undefined
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (view.getUint8(at) !== 0xff) return undefined
    const marker = view.getUint8(at + 1)
    if (marker === START_OF_SCAN) return size
    const length = view.getUint16(at + 2)
    const next = at + 2 + length
    // A marker without a length, or fill bytes, which are allowed and never seen.
    if (length < 2 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd9) || next > bytes.length) return undefined
    if (marker === 0xe1 && Buffer.from(bytes.buffer, bytes.byteOffset + at + 4, 5).toString('latin1') === EXIF)
      return undefined
    if (isFrame(marker)) {
      if (length < 8 || size) return undefined
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) }
      if (size.width === 0 || size.height === 0) return undefined
    }
    at = next
  }
  return undefined
}

/** SOF0 to SOF15; the three between them are tables. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
