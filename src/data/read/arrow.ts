import { open } from 'node:fs/promises'
import { zstdDecompressSync } from 'node:zlib'
import type { DataType, Field, RecordBatch, Vector } from 'apache-arrow'
import { asOrreryError } from '#platform/errors'
import { ArrowBroken, ColumnUnsupported, UnpackedTooLarge } from '../errors.ts'
import type { SourceFile } from '../sources/resolved.ts'
import { type SnapshotColumn, writeSnapshot } from './snapshot.ts'

/** Of one column of one batch, unpacked. */
const MAX_BUFFER = 1 << 30

type Cell = (value: unknown) => string | null

/**
 * Writes an Arrow file or stream (Feather version 2 is one) as Parquet, batch by batch. Numbers, times and booleans
 * are taken as they are typed; columns of lists and records are left out where they are ignored.
 *
 * @throws ArrowBroken, ColumnUnsupported, ColumnsDuplicate, TooManyColumns, TableEmpty, UnpackedTooLarge
 */
export async function readArrow(file: SourceFile, ignore: readonly string[], path: string): Promise<SourceFile> {
  const arrow = await import('apache-arrow')
  await registerCodecs(arrow, file)
  await using handle = await open(file.path)
  try {
    const reader = await arrow.RecordBatchReader.from(handle)
    await reader.open()
    const taken = takenFields(arrow, file, reader.schema?.fields ?? [], ignore)
    async function* rows() {
      for await (const batch of reader as AsyncIterable<RecordBatch>) yield* rowsOf(batch, taken)
    }
    const columns = taken.map(({ field, holds }) => ({ name: field.name, holds }))
    if (columns.length === 0) throw new ArrowBroken(file.name, 'it has no columns')
    return await writeSnapshot({ columns, rows: rows(), path, file })
  } catch (error) {
    if (asOrreryError(error)) throw error
    // What the reader stumbles over, where it looks for something that is not there, says nothing to a person.
    const why = error instanceof TypeError ? 'a part that its metadata speak of is not there' : (error as Error).message
    throw new ArrowBroken(file.name, why.split('\n')[0]!.replace(/\.$/, ''))
  }
}

interface TakenField {
  field: Field
  at: number
  holds: SnapshotColumn['holds']
  cell: Cell
}

function takenFields(
  arrow: typeof import('apache-arrow'),
  file: SourceFile,
  fields: readonly Field[],
  ignore: readonly string[],
): TakenField[] {
  return fields.flatMap((field, at) => {
    const read = readingOf(arrow, field.type)
    if (read) return [{ field, at, ...read }]
    if (ignore.includes(field.name)) return []
    throw new ColumnUnsupported(file.name, field.name, String(field.type))
  })
}

function* rowsOf(batch: RecordBatch, taken: readonly TakenField[]) {
  const vectors = taken.map(({ at }) => batch.getChildAt(at) as Vector)
  for (let row = 0; row < batch.numRows; row++)
    yield taken.map(({ cell }, i) => {
      const value = vectors[i]!.get(row)
      return value === null || value === undefined ? null : cell(value)
    })
}

/** How values of a type are told as text; `undefined` for those that are no single values. */
function readingOf(
  { DataType: is, TimeUnit }: typeof import('apache-arrow'),
  type: DataType,
): { holds: SnapshotColumn['holds']; cell: Cell } | undefined {
  if (is.isDictionary(type))
    return readingOf({ DataType: is, TimeUnit } as typeof import('apache-arrow'), type.dictionary)
  // Whole numbers of 64 bits are typed by their digits, as a CSV's are: beyond 2^53 they are names.
  if (is.isInt(type)) return { holds: type.bitWidth === 64 ? 'text' : 'number', cell: String }
  if (is.isFloat(type)) return { holds: 'number', cell: (value) => (Number.isNaN(value) ? null : String(value)) }
  if (is.isDecimal(type)) return { holds: 'text', cell: (value) => decimalText(value as Uint32Array, type.scale) }
  if (is.isBool(type)) return { holds: 'truth', cell: String }
  if (is.isUtf8(type) || is.isLargeUtf8(type)) return { holds: 'text', cell: String }
  // The library gives dates and moments in milliseconds, finer ones as fractions of them.
  if (is.isDate(type) || is.isTimestamp(type)) return { holds: 'text', cell: (value) => momentText(Number(value)) }
  if (is.isTime(type)) {
    const perSecond = [1, 1e3, 1e6, 1e9][type.unit as number] ?? 1
    return { holds: 'text', cell: (value) => new Date((Number(value) / perSecond) * 1e3).toISOString().slice(11, 19) }
  }
  if (is.isNull(type)) return { holds: 'text', cell: () => null }
  return undefined
}

function momentText(ms: number): string {
  const micros = Math.round((ms - Math.floor(ms)) * 1e3)
  const text = new Date(Math.floor(ms)).toISOString()
  return micros === 0 ? text : `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}

/** Little-endian words, two's complement. */
function decimalText(words: Uint32Array, scale: number): string {
  let value = 0n
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i]!)
  value = BigInt.asIntN(words.length * 32, value)
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const whole = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits
  return value < 0n ? `-${whole}` : whole
}

async function registerCodecs(arrow: typeof import('apache-arrow'), file: SourceFile): Promise<void> {
  const { compressionRegistry, CompressionType } = arrow
  const { decompressFrameSync } = await import('lz4-napi')
  compressionRegistry.set(CompressionType.ZSTD, {
    decode: (bytes) => {
      try {
        return zstdDecompressSync(bytes, { maxOutputLength: MAX_BUFFER })
      } catch (error) {
        const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        throw isLarge ? new UnpackedTooLarge(file.name, 'a batch is larger than 1 GB') : error
      }
    },
  })
  // LZ4 grows at most 255 times, and what it grows from is in memory already.
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => decompressFrameSync(Buffer.from(bytes)) })
}
