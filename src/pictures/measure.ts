import type { Sharp, SharpOptions } from 'sharp'
import { asOrreryError } from '#platform/errors'
import { personalExif } from './exif.ts'
import { type Header, readHeader } from './header.ts'
import { foreignPicture, kindOf } from './kind.ts'
import { loadLibrary } from './library.ts'
import { lumaOf } from './luma.ts'
import type { PictureFormat, PictureProblem } from './measured.contract.ts'
import { perceptualHash, shrunk } from './perceptual-hash.ts'
import type { Pixels } from './pixels.ts'
import type { PictureLimits } from './read-picture.ts'
import { statisticsOf } from './statistics.ts'

/** What is known of a picture without its pixels. Small, and the same for the same bytes. */
export interface MeasuredPicture {
  readonly format: PictureFormat
  /** Upright. */
  readonly width: number
  readonly height: number
  /** EXIF's, 1 to 8; 1 is upright. */
  readonly orientation: number
  readonly grey: boolean
  readonly alpha: boolean
  /** Of the picture with its longest side at most `LOOKED_AT` pixels: as in `PictureStatistics`. */
  readonly brightness: number
  readonly contrast: number
  readonly sharpness: number
  /** 8 bytes: see `perceptualHash`. */
  readonly hash: Uint8Array
  /** Luma of 16 × 16 parts of it: what tells near duplicates from pictures that only hash alike. */
  readonly look: Uint8Array
  /** What its EXIF tells of a person. */
  readonly personal: readonly ('place' | 'owner' | 'device')[]
}

export interface UnreadablePicture {
  readonly problem: PictureProblem
  readonly reason: string
}

export type Measured = MeasuredPicture | UnreadablePicture

/** About the size that models look at: detail that they never see is no sharpness. Most photographs are decoded at half of theirs. */
export const LOOKED_AT = 160

/** 64 MiB, 100 megapixels: more than any camera makes. */
export const MEASURED_LIMITS: PictureLimits = { bytes: 64 * 1024 * 1024, pixels: 100_000_000 }

const LONGEST_SECONDS = 30
/** Channels that differ by less look grey; a few pixels of noise make no colour. */
const COLOUR_STEP = 16
const COLOUR_SHARE = 0.005

/** Measures a picture from anybody. Never throws for what is in the bytes: that is told. */
export async function measurePicture(bytes: Uint8Array, limits = MEASURED_LIMITS): Promise<Measured> {
  if (bytes.length > limits.bytes) return { problem: 'bomb', reason: `${bytes.length} bytes` }
  const format = formatOf(bytes)
  if (typeof format !== 'string') return format
  const sharp = await loadLibrary()
  sharp.unblock({ operation: ['VipsForeignLoadWebpBuffer', 'VipsForeignLoadNsgifBuffer'] })
  const options: SharpOptions = { limitInputPixels: limits.pixels, failOn: 'error', sequentialRead: true }
  try {
    const header = await readHeader(sharp, bytes, options)
    if (header.width * header.height > limits.pixels) return tooManyPixels(header)
    const { data, info } = await lookedAt(sharp(bytes, options), header)
      .timeout({ seconds: LONGEST_SECONDS })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return measured(format, header, { width: info.width, height: info.height, channels: info.channels as 1 | 3, data })
  } catch (error) {
    return unreadable(format, bytes, error as Error)
  }
}

/** Upright, small and on white; every operation costs, and most pictures need none. */
function lookedAt(picture: Sharp, { width, height, orientation = 1, hasAlpha }: Header): Sharp {
  let looked = picture
  if (orientation !== 1) looked = looked.autoOrient()
  if (width > LOOKED_AT || height > LOOKED_AT)
    looked = looked.resize({ width: LOOKED_AT, height: LOOKED_AT, fit: 'inside', withoutEnlargement: true })
  return hasAlpha ? looked.flatten({ background: '#fff' }) : looked
}

/** Pictures are measured one after the other: their luma is written where that of the one before was. */
const room = new Int32Array(LOOKED_AT * LOOKED_AT)

function measured(format: PictureFormat, header: Header, pixels: Pixels): MeasuredPicture {
  const luma = lumaOf(pixels, room)
  const small = shrunk(pixels, luma, 32)
  const { brightness, contrast, sharpness } = statisticsOf(pixels, luma)
  return {
    format,
    width: header.autoOrient.width,
    height: header.autoOrient.height,
    orientation: header.orientation ?? 1,
    grey: isGrey(pixels),
    alpha: header.hasAlpha,
    brightness: rounded(brightness),
    contrast: rounded(contrast),
    sharpness: rounded(sharpness),
    hash: perceptualHash(small),
    look: halved(small),
    personal: header.exif ? personalExif(header.exif) : [],
  }
}

const rounded = (value: number) => Number(value.toPrecision(6))

function formatOf(bytes: Uint8Array): PictureFormat | UnreadablePicture {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1')
  if (/^GIF8[79]a/.test(start)) return 'gif'
  if (/^RIFF....WEBP/s.test(start)) return 'webp'
  try {
    return kindOf(bytes)
  } catch (error) {
    const foreign = foreignPicture(bytes)
    if (foreign) return { problem: 'foreign', reason: `${foreign}; JPEG, PNG, WebP and GIF are taken` }
    return { problem: 'no_picture', reason: asOrreryError(error)?.message ?? String(error) }
  }
}

const tooManyPixels = ({ width, height }: { width: number; height: number }): UnreadablePicture => ({
  problem: 'bomb',
  reason: `${width} × ${height} pixels`,
})

function unreadable(format: PictureFormat, bytes: Uint8Array, { message }: Error): UnreadablePicture {
  const reason = message.split('\n', 1)[0]!.slice(0, 200)
  if (/pixel limit/i.test(message)) return { problem: 'bomb', reason }
  if (/timeout/i.test(message)) return { problem: 'too_slow', reason: `more than ${LONGEST_SECONDS} s` }
  return { problem: endsEarly(format, bytes) ? 'truncated' : 'broken', reason }
}

/** How a whole file of each kind ends. */
const ENDS: Record<PictureFormat, string | undefined> = {
  jpeg: 'ffd9',
  png: '49454e44ae426082',
  gif: '3b',
  webp: undefined,
}

function endsEarly(format: PictureFormat, bytes: Uint8Array): boolean {
  const end = ENDS[format]
  if (end === undefined)
    return bytes.length < 12 || Buffer.from(bytes.buffer, bytes.byteOffset + 4, 4).readUInt32LE() + 8 > bytes.length
  // Cameras pad their files with zeros.
  return !Buffer.from(bytes.subarray(-1024))
    .toString('hex')
    .replace(/(00)+$/, '')
    .endsWith(end)
}

function isGrey({ channels, data }: Pixels): boolean {
  if (channels === 1) return true
  let left = (data.length / 3) * COLOUR_SHARE
  for (let at = 0; at < data.length; at += 3) {
    const r = data[at]!
    const g = data[at + 1]!
    const b = data[at + 2]!
    // Most pictures have shown enough colour after a few rows.
    if (Math.max(r, g, b) - Math.min(r, g, b) > COLOUR_STEP && --left < 0) return false
  }
  return true
}

/** Half as many parts each way. */
function halved(parts: Float64Array): Uint8Array {
  const side = Math.sqrt(parts.length)
  const half = side / 2
  const halves = new Uint8Array(half * half)
  for (let i = 0; i < halves.length; i++) {
    const at = Math.floor(i / half) * 2 * side + (i % half) * 2
    halves[i] = Math.round((parts[at]! + parts[at + 1]! + parts[at + side]! + parts[at + side + 1]!) / 4)
  }
  return halves
}
