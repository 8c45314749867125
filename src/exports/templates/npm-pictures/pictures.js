/** JPEG and PNG as the server takes them: the same library of the same number, the same limits, the same words. */
import sharp from 'sharp'
import about from './about.js'
import { RecordInvalid } from './record-invalid.js'

const MOST_BYTES = 16 * 1024 * 1024
/** Width × height as the file says, before anything is decoded. */
const MOST_PIXELS = 50_000_000
/** Decoded side by side. */
const AT_ONCE = 4

/** A file that is no picture, or none that is taken; nothing of its call was answered. */
export class PictureRefused extends Error {
  constructor(code, status, message, hint) {
    super(message)
    this.name = 'PictureRefused'
    this.code = code
    this.status = status
    this.hint = hint
  }
}

const refused = (kind) =>
  new PictureRefused(
    'ORRERY_PICTURES_KIND_REFUSED',
    415,
    `This is ${kind}, not a JPEG or PNG picture.`,
    'Send JPEG or PNG; a camera and every picture library can write them.',
  )

const tooLarge = (reason) =>
  new PictureRefused(
    'ORRERY_PICTURES_TOO_LARGE',
    413,
    `The picture is too large: ${reason}.`,
    'Scale it down before sending; the model sees a small version of it anyway.',
  )

const broken = (reason) =>
  new PictureRefused(
    'ORRERY_PICTURES_BROKEN',
    422,
    `The picture cannot be decoded: ${reason}.`,
    'Check that all of the file was sent; open it in a viewer.',
  )

const { image } = about

/** Pictures decoded, and their pixels as the input of the graph. */
export const pictureIntake = {
  rowsPerRun: 32,
  async take(records) {
    const taken = []
    for (let from = 0; from < records.length; from += AT_ONCE) {
      const some = records.slice(from, from + AT_ONCE)
      taken.push(...(await Promise.all(some.map((record, i) => takeOne(record, from + i, records.length === 1)))))
    }
    return taken
  },
  feeds(ort, pictures, from, to) {
    const { width, height, channels, layout } = image
    const plane = width * height
    const cells = new Float32Array((to - from) * plane * channels)
    for (let p = from; p < to; p++) {
      const start = (p - from) * plane * channels
      for (let c = 0; c < channels; c++) {
        const [first, step] = layout === 'NHWC' ? [start + c, channels] : [start + c * plane, 1]
        for (let i = 0, at = c, cell = first; i < plane; i++, at += channels, cell += step)
          cells[cell] = SCALED[c][pictures[p][at]]
      }
    }
    const shape = layout === 'NHWC' ? [height, width, channels] : [channels, height, width]
    return { [image.input]: new ort.Tensor('float32', cells, [to - from, ...shape]) }
  },
}

/** What each of the 256 values of a channel becomes. */
const SCALED = Array.from({ length: image.channels }, (_, c) => {
  const mean = image.mean[c] ?? image.mean[0] ?? 0
  const std = image.std[c] ?? image.std[0] ?? 1
  return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean) / std)
})

async function takeOne(record, index, alone) {
  const bytes = bytesOf(record, index)
  try {
    return await pixelsOf(bytes)
  } catch (error) {
    // Among many it has to be said which one.
    if (alone || !(error instanceof PictureRefused)) throw error
    throw new RecordInvalid({
      record: index,
      field: 'picture',
      message: error.message.replace(/\.$/, ''),
      hint: error.hint,
    })
  }
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const DATA_URL = /^data:image\/[a-z]+;base64,/

function bytesOf(record, index) {
  if (record instanceof Uint8Array) return record
  const value = record?.picture
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string' && value.length > 0) {
    const text = value.replace(DATA_URL, '')
    if (text.length <= MOST_BYTES * 1.4 && BASE64.test(text)) return Buffer.from(text, 'base64')
  }
  throw new RecordInvalid({
    record: index,
    field: 'picture',
    message: value === undefined || value === null ? 'the picture is missing' : 'it is no base64',
    hint: 'Send the bytes of a JPEG or PNG as the body, or in base64 under "picture".',
  })
}

async function pixelsOf(bytes) {
  if (bytes.length > MOST_BYTES) throw tooLarge(`${bytes.length} bytes, ${MOST_BYTES} are allowed`)
  refuseForeign(bytes)
  const { width, height, channels, fit } = image
  const options = { limitInputPixels: MOST_PIXELS, failOn: 'error', sequentialRead: true }
  try {
    const header = await sharp(bytes, options).metadata()
    if (header.width * header.height > MOST_PIXELS)
      throw tooLarge(`${header.width} × ${header.height} pixels, ${MOST_PIXELS} are allowed`)
    const { data, info } = await sharp(bytes, options)
      .autoOrient()
      .resize({ width, height, fit, kernel: 'lanczos3', background: '#000' })
      .flatten({ background: '#fff' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (info.channels !== channels) throw broken(`it has ${info.channels} channels where ${channels} are expected`)
    return data
  } catch (error) {
    if (error instanceof PictureRefused) throw error
    if (/pixel limit/i.test(error.message)) throw tooLarge(`more than ${MOST_PIXELS} pixels`)
    throw broken(error.message.split('\n', 1)[0].replace(/\.$/, '').slice(0, 200))
  }
}

/** A name proves nothing: what a file is, its first bytes tell. */
function refuseForeign(bytes) {
  if (bytes.length === 0) throw broken('it has no bytes')
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256))
  const hex = start.toString('hex')
  if (hex.startsWith('ffd8ff') || hex.startsWith('89504e470d0a1a0a')) return
  const known = FOREIGN.find(([first]) => hex.startsWith(first))
  throw refused(known ? known[1] : foreignText(start.toString('latin1')))
}

function foreignText(text) {
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'a WebP picture'
  if (/^....ftyp(avif|avis)/s.test(text)) return 'an AVIF picture'
  if (/^....ftyp/s.test(text)) return 'a HEIF picture or a film'
  if (/<svg[\s>]/i.test(text) || /^\s*<\?xml/.test(text)) return 'an SVG or other XML'
  if (/^\s*[[{]/.test(text)) return 'JSON'
  return 'nothing that is known here'
}

const FOREIGN = [
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
