import { PictureBroken, PictureKindRefused } from './errors.ts'

/** What a file starts with, when it is something else than a JPEG or PNG; to name it, not to trust it. */
const FOREIGN: readonly (readonly [start: string, kind: string])[] = [
  ['474946383', 'a GIF'],
  ['424d', 'a BMP'],
  ['49492a00', 'a TIFF'],
  ['4d4d002a', 'a TIFF'],
  ['25504446', 'a PDF'],
  ['0000000c4a584c20', 'a JPEG XL picture'],
  ['ff0a', 'a JPEG XL picture'],
  ['0000000c6a502020', 'a JPEG 2000 picture'],
  ['1f8b', 'compressed with gzip'],
  ['504b0304', 'a zip archive'],
]

/**
 * The kind of a picture by its first bytes: a name or a content type proves nothing.
 *
 * @throws PictureKindRefused, PictureBroken for no bytes at all
 */
export function kindOf(bytes: Uint8Array): 'jpeg' | 'png' {
  if (bytes.length === 0) throw new PictureBroken('it has no bytes')
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256))
  const hex = start.toString('hex')
  if (hex.startsWith('ffd8ff')) return 'jpeg'
  if (hex.startsWith('89504e470d0a1a0a')) return 'png'
  throw new PictureKindRefused(foreignKind(start, hex))
}

const PICTURES = [
  ...['a BMP', 'a TIFF', 'a JPEG XL picture', 'a JPEG 2000 picture', 'an AVIF picture'],
  ...['a HEIF picture or a film', 'an SVG or other XML'],
]

/** What a picture is that is not taken; `undefined` where the bytes are of no picture that is known. */
export function foreignPicture(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256))
  const kind = foreignKind(start, start.toString('hex'))
  return PICTURES.includes(kind) ? kind : undefined
}

function foreignKind(start: Buffer, hex: string): string {
  const known = FOREIGN.find(([bytes]) => hex.startsWith(bytes))
  if (known) return known[1]
  const text = start.toString('latin1')
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'a WebP picture'
  if (/^....ftyp(avif|avis)/s.test(text)) return 'an AVIF picture'
  if (/^....ftyp/s.test(text)) return 'a HEIF picture or a film'
  if (/<svg[\s>]/i.test(text) || /^\s*<\?xml/.test(text)) return 'an SVG or other XML'
  if (/^\s*[[{]/.test(text)) return 'JSON'
  return 'nothing that is known here'
}
