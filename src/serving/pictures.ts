import { availableParallelism } from 'node:os'
import { DEFAULT_PICTURE_LIMITS, lookOf, type Picture, type PictureSize, type Pixels, readPicture } from '#pictures'
import { type LoadedModel, PICTURE, type PredictionRecord, RecordInvalid } from '#runtime'

/** The column of a picture: in base64 as it is sent in JSON, its SHA-256 as it is logged. */
const COLUMN = 'picture'

/** Each takes a thread of the pool that files are read by, too. */
const AT_ONCE = Math.max(1, Math.min(4, availableParallelism()))

/**
 * What a caller sends to a model of pictures, as records: the picture's hash, size and statistics in columns, which are
 * logged and watched like any others, and its pixels beside them for the models.
 *
 * @param models those that will score the records: a picture is decoded once for each size among them
 * @param files the bytes of each record's picture; without them it is in base64 in the record
 * @throws RecordInvalid, PictureKindRefused, PictureTooLarge, PictureBroken
 */
export async function readPictures(
  models: Iterable<LoadedModel>,
  records: readonly PredictionRecord[],
  files?: readonly Uint8Array[],
): Promise<PredictionRecord[]> {
  const sizes = sizesOf(models)
  const read = new Array<PredictionRecord>(records.length)
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const some = records.slice(from, from + AT_ONCE)
    const done = await Promise.all(
      some.map((record, i) =>
        readOne(record, from + i, { sizes, file: files?.[from + i], alone: records.length === 1 }),
      ),
    )
    done.forEach((record, i) => {
      read[from + i] = record
    })
  }
  return read
}

async function readOne(
  record: PredictionRecord,
  index: number,
  { sizes, file, alone }: { sizes: readonly PictureSize[]; file: Uint8Array | undefined; alone: boolean },
): Promise<PredictionRecord> {
  const bytes = file ?? fromBase64(record[COLUMN], index)
  const [first, ...others] = await Promise.all(sizes.map((size) => readPicture(bytes, size))).catch((error: Error) => {
    // Among many it has to be said which one.
    if (alone) throw error
    throw new RecordInvalid({
      record: index,
      field: COLUMN,
      message: error.message.replace(/\.$/, ''),
      hint: (error as { hint?: string }).hint ?? '',
    })
  })
  const { hash, width, height, statistics } = first!
  const pixels = new Map([first!, ...others].map((picture: Picture, i) => [keyOf(sizes[i]!), picture.pixels] as const))
  return {
    ...record,
    [COLUMN]: hash,
    width,
    height,
    ...statistics,
    ...lookOf(statistics),
    [PICTURE]: { bytes, at: (size: PictureSize): Pixels | undefined => pixels.get(keyOf(size)) },
  }
}

/** The sizes that some models want their pictures at, each once. */
export function sizesOf(models: Iterable<LoadedModel>): PictureSize[] {
  const sizes = new Map<string, PictureSize>()
  for (const { signature } of models) if (signature.image) sizes.set(keyOf(signature.image), signature.image)
  return [...sizes.values()]
}

const keyOf = ({ width, height, channels, fit }: PictureSize) => `${width} ${height} ${channels} ${fit}`

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
/** What a browser makes of a file. */
const DATA_URL = /^data:image\/[a-z]+;base64,/

function fromBase64(value: PredictionRecord[string] | undefined, record: number): Uint8Array {
  if (typeof value === 'string' && value.length > 0) {
    const text = value.replace(DATA_URL, '')
    const bytes = Buffer.from(text, 'base64')
    // What is no base64 is skipped by the decoder without a word.
    if (text.length <= DEFAULT_PICTURE_LIMITS.bytes * 1.4 && BASE64.test(text)) return bytes
  }
  throw new RecordInvalid({
    record,
    field: COLUMN,
    message: value === undefined || value === null ? 'the picture is missing' : 'it is no base64',
    hint: 'Send the bytes of a JPEG or PNG as the body, or in base64 under "picture".',
  })
}
