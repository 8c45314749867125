import { createHash } from 'node:crypto'
import type { SharpOptions } from 'sharp'
import type { PictureSize, PictureStatistics } from './contract.ts'
import { PictureBroken, PictureTooLarge } from './errors.ts'
import { readHeader } from './header.ts'
import { kindOf } from './kind.ts'
import { loadLibrary } from './library.ts'
import type { Pixels } from './pixels.ts'
import { statisticsOf } from './statistics.ts'

export interface PictureLimits {
  readonly bytes: number
  /** Width × height as the file says, before anything is decoded. */
  readonly pixels: number
}

/** 16 MiB of bytes, 50 megapixels: any camera; a bomb of a few kB that unfolds to gigabytes is refused by its header. */
export const DEFAULT_PICTURE_LIMITS: PictureLimits = { bytes: 16 * 1024 * 1024, pixels: 50_000_000 }

export interface Picture {
  /** `sha256:` and the 64 digits of the file's: the name it has as a blob. */
  readonly hash: string
  readonly kind: 'jpeg' | 'png'
  readonly bytes: number
  /** Of the original, upright. */
  readonly width: number
  readonly height: number
  /** At the size that was asked for. */
  readonly pixels: Pixels
  readonly statistics: PictureStatistics
}

/**
 * Decodes a JPEG or PNG from anybody to the pixels of a model. The same bytes give the same pixels, in training and in
 * service: both come through here.
 *
 * @throws PictureKindRefused, PictureTooLarge, PictureBroken
 */
export async function readPicture(
  bytes: Uint8Array,
  size: PictureSize,
  limits: PictureLimits = DEFAULT_PICTURE_LIMITS,
): Promise<Picture> {
  if (bytes.length > limits.bytes) throw new PictureTooLarge(`${bytes.length} bytes, ${limits.bytes} are allowed`)
  const kind = kindOf(bytes)
  const sharp = await loadLibrary()
  // Bits that are missing or wrong are an error: a picture that is half grey has no right answer.
  const options: SharpOptions = { limitInputPixels: limits.pixels, failOn: 'error', sequentialRead: true }
  const header = await readHeader(sharp, bytes, options).catch((error: Error) => {
    throw refusal(error, limits)
  })
  if (header.width * header.height > limits.pixels) throw tooManyPixels(header, limits)
  const { data, info } = await sharp(bytes, options)
    .autoOrient()
    .resize({ width: size.width, height: size.height, fit: size.fit, kernel: 'lanczos3', background: '#000' })
    .flatten({ background: '#fff' })
    .toColourspace(size.channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw refusal(error, limits)
    })
  if (info.channels !== size.channels || data.length !== size.width * size.height * size.channels)
    throw new PictureBroken(`it has ${info.channels} channels where ${size.channels} are expected`)
  // Not as a Buffer, whose `slice` shares what every other array copies.
  const values = new Uint8Array(data.buffer, data.byteOffset, data.length)
  const pixels: Pixels = { width: size.width, height: size.height, channels: size.channels, data: values }
  const { width, height } = header.autoOrient
  return {
    hash: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    kind,
    bytes: bytes.length,
    width,
    height,
    pixels,
    statistics: statisticsOf(pixels),
  }
}

const tooManyPixels = ({ width, height }: { width: number; height: number }, { pixels }: PictureLimits) =>
  new PictureTooLarge(`${width} × ${height} pixels, ${pixels} are allowed`)

function refusal(error: Error, limits: PictureLimits): Error {
  if (/pixel limit/i.test(error.message)) return new PictureTooLarge(`more than ${limits.pixels} pixels`)
  return new PictureBroken(firstLine(error.message), error)
}

const firstLine = (text: string) => text.split('\n', 1)[0]!.replace(/\.$/, '').slice(0, 200)
