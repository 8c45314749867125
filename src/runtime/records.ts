import type { PictureSize, Pixels } from '#pictures'
import { columnNamed, type Frame } from '#platform/table'
import type { Signature } from './contract.ts'
import { RecordInvalid } from './errors.ts'

/** The picture of a record, decoded at the sizes that models ask for. */
export interface SeenPicture {
  /** The file as it was sent. */
  readonly bytes: Uint8Array
  /** Its pixels; `undefined` for a size that nobody asked for when it was decoded. */
  at(size: PictureSize): Pixels | undefined
}

/** A record's picture goes with it under this key: models see it; nothing logs, compares or serialises it. */
export const PICTURE: unique symbol = Symbol('picture')

export type PredictionRecord = Readonly<Record<string, number | string | boolean | null>> & {
  readonly [PICTURE]?: SeenPicture
}

/** One column per feature in the order of the signature: float32 with `NaN` for missing, or text with `''`. */
export type FeatureColumn = Float32Array | string[]

/** Rows as a model takes them. */
export interface EncodedRows {
  readonly rows: number
  readonly columns: readonly FeatureColumn[]
  /** One per row for a model of pictures; `undefined` keeps the place of a row that it cannot take. */
  readonly pictures?: readonly (SeenPicture | undefined)[]
}

type Features = Signature['features']

/** Above this a number has no float32, which is what the packaged models compute in. */
const LARGEST_FLOAT32 = 3.4028234663852886e38

/**
 * Collects the records of several requests into one set of columns, so that they share a run of the model.
 * `append` takes all records of a request or none: a request that does not fit leaves nothing behind.
 */
export class RowBuffer {
  readonly #features: Features
  readonly #columns: FeatureColumn[]
  readonly #pictures: (SeenPicture | undefined)[] | undefined
  #rows = 0

  /** Of a model of pictures it holds pictures alone: its features are what is measured of them, not what it is given. */
  constructor({ features, image }: Pick<Signature, 'features' | 'image'>, capacity: number) {
    this.#features = image ? [] : features
    this.#pictures = image && []
    const numeric = this.#features.filter(({ kind }) => kind === 'numeric').length
    // One memory for all: the runtime asks each array for its buffer, and twenty of them cost more than the model.
    const numbers = new ArrayBuffer(numeric * capacity * Float32Array.BYTES_PER_ELEMENT)
    let taken = 0
    this.#columns = this.#features.map((feature) => {
      if (feature.kind !== 'numeric') return new Array<string>(capacity).fill('')
      return new Float32Array(numbers, taken++ * capacity * Float32Array.BYTES_PER_ELEMENT, capacity)
    })
  }

  /**
   * @param firstIndex the number of `records[0]` in its request, for messages
   * @returns the row of `records[0]`
   * @throws RecordInvalid naming record and field
   */
  append(records: readonly PredictionRecord[], firstIndex = 0): number {
    for (let f = 0; f < this.#features.length; f++) {
      const feature = this.#features[f]!
      const { name, kind } = feature
      const column = this.#columns[f]!
      if (feature.required) refuseMissing(feature, records, firstIndex)
      for (let r = 0; r < records.length; r++) {
        const value = records[r]![name]
        if (kind === 'numeric') column[this.#rows + r] = numericCell(value, name, firstIndex + r)
        else column[this.#rows + r] = categoricalCell(value, name, firstIndex + r)
      }
    }
    if (this.#pictures) for (let r = 0; r < records.length; r++) pictureOf(records[r]!, firstIndex + r)
    this.#pictures?.push(...records.map((record) => record[PICTURE]))
    this.#rows += records.length
    return this.#rows - records.length
  }

  /** Rows without any value, to keep a place: another version cannot take these records. Returns the first. */
  appendMissing(rows: number): number {
    this.#pictures?.push(...new Array<undefined>(rows).fill(undefined))
    for (const column of this.#columns) {
      if (column instanceof Float32Array) column.fill(Number.NaN, this.#rows, this.#rows + rows)
      else column.fill('', this.#rows, this.#rows + rows)
    }
    this.#rows += rows
    return this.#rows - rows
  }

  encoded(): EncodedRows {
    const rows = this.#rows
    return {
      rows,
      columns: this.#columns.map((column) => {
        if (column.length === rows) return column
        return column instanceof Float32Array ? column.subarray(0, rows) : column.slice(0, rows)
      }),
      ...(this.#pictures && { pictures: this.#pictures }),
    }
  }
}

/** @throws RecordInvalid naming record and field */
export function encodeRecords(features: Features, records: readonly PredictionRecord[]): EncodedRows {
  const buffer = new RowBuffer({ features }, records.length)
  buffer.append(records)
  return buffer.encoded()
}

/** The features' columns of a frame; extra columns are ignored. */
export function encodeFrame(features: Features, frame: Frame): EncodedRows {
  return {
    rows: frame.rows,
    columns: features.map((feature) => {
      const column = columnNamed(frame, feature.name)
      if (!column || column.kind !== feature.kind)
        throw new RecordInvalid({
          record: 0,
          field: feature.name,
          message: column ? `the column is ${column.kind}, the model takes ${feature.kind}` : 'the column is missing',
          hint: 'Give every feature of the signature with the kind it has there.',
        })
      const lacks =
        column.kind === 'numeric' ? column.values.findIndex(Number.isNaN) : column.codes.findIndex((code) => code < 0)
      if (feature.required && lacks >= 0) throw requiredIsNull(feature.name, lacks)
      if (column.kind === 'numeric') return Float32Array.from(column.values)
      return Array.from(column.codes, (code) => (code < 0 ? '' : column.categories[code]!))
    }),
  }
}

/** A required feature with categories takes one of these; what is no value at all is refused with the other cells. */
function refuseMissing(
  { name, kind, categories }: Features[number],
  records: readonly PredictionRecord[],
  firstIndex: number,
): void {
  records.forEach((record, r) => {
    const value = record[name]
    if (value === null) throw requiredIsNull(name, firstIndex + r)
    if (kind !== 'categorical' || !categories || value === undefined || categories.includes(String(value))) return
    throw new RecordInvalid({
      record: firstIndex + r,
      field: name,
      message: `${JSON.stringify(value).slice(0, 100)} is not what it takes`,
      hint: `Send one of ${categories.slice(0, 10).join(', ')}.`,
    })
  })
}

const requiredIsNull = (field: string, record: number) =>
  new RecordInvalid({
    record,
    field,
    message: 'it is null, and this model has no answer without it',
    hint: 'Send a value; the model was trained without a way to deal with a missing one.',
  })

function pictureOf(record: PredictionRecord, index: number): SeenPicture {
  const picture = record[PICTURE]
  if (picture) return picture
  throw new RecordInvalid({
    record: index,
    field: 'picture',
    message: 'the picture is missing',
    hint: 'Send the bytes of a JPEG or PNG as the body, or in base64 under "picture".',
  })
}

function numericCell(value: PredictionRecord[string] | undefined, field: string, record: number): number {
  if (typeof value === 'number' && Math.abs(value) <= LARGEST_FLOAT32) return value
  if (value === null) return Number.NaN
  throw notANumber(value, field, record)
}

/** Booleans and numbers are categories by their text, as they are when a table is read. Unseen ones are for the model. */
function categoricalCell(value: PredictionRecord[string] | undefined, field: string, record: number): string {
  if (typeof value === 'string') return value
  if (value === null) return ''
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  throw isAbsent(value) ? missing(field, record) : notText(value, field, record)
}

/** A feature called `constructor` that was not sent is found all the same, as what every object inherits. */
const isAbsent = (value: unknown) => value === undefined || typeof value === 'function'

function missing(field: string, record: number): RecordInvalid {
  return new RecordInvalid({
    record,
    field,
    message: 'the feature is missing',
    hint: 'Send every feature of the signature; null says that its value is not known.',
  })
}

function notANumber(value: unknown, field: string, record: number): RecordInvalid {
  if (isAbsent(value)) return missing(field, record)
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value).slice(0, 100)
  if (typeof value === 'number')
    return new RecordInvalid({
      record,
      field,
      message: `${shown} is no finite 32-bit number`,
      hint: 'Send null for a value that is not known.',
    })
  const looksNumeric = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
  return new RecordInvalid({
    record,
    field,
    message: `a number is expected, not the ${typeof value === 'string' ? 'text' : typeof value} ${shown}`,
    // A text is refused even when it reads as a number: what silently passes here hides a skew between training and use.
    hint: looksNumeric
      ? `Send it without quotes: ${Number(value)}.`
      : typeof value === 'boolean'
        ? `Send ${value ? 1 : 0}.`
        : 'Send a number, or null for a value that is not known.',
  })
}

function notText(value: unknown, field: string, record: number): RecordInvalid {
  return new RecordInvalid({
    record,
    field,
    message: `${typeof value === 'number' ? value : 'this value'} is no category`,
    hint: 'Send a text, or null for a value that is not known.',
  })
}
