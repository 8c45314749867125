import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { CompressedBroken, FormatUnknown, SourceUnreadable } from '../errors.ts'
import type { Format, Packing, SourceFile } from './resolved.ts'

const EXTENSIONS: Record<string, Format> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  txt: 'csv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  xlsx: 'excel',
  xlsm: 'excel',
}

const PACKED: readonly (readonly [string, Packing])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
]

/** What a table starts with that has a signature. An Arrow stream has none but the mark of its first message. */
const SIGNATURES: readonly (readonly [string, Format])[] = [
  ['50415231', 'parquet'],
  ['4152524f5731', 'arrow'],
  ['ffffffff', 'arrow'],
  ['504b0304', 'excel'],
  ['53514c69746520666f726d6174203300', 'sqlite'],
]

/** What a file starts with, when that is something else than a table. */
const FOREIGN: readonly (readonly [string, string])[] = [
  ['25504446', 'is a PDF'],
  ['d0cf11e0', 'is a spreadsheet of Excel 97 (.xls), or one with a password: save it as .xlsx, without one'],
  ['46454131', 'is a Feather file of version 1'],
  ['425a68', 'is compressed with bzip2'],
  ['fd377a585a00', 'is compressed with xz'],
  ['377abcaf271c', 'is a 7z archive'],
]

/** An OpenDocument file is a zip archive that names its type first, unpacked. */
const ODF = 'mimetypeapplication/vnd.oasis.opendocument'
const ODF_AT = 30
/** `ustar` stands here in a tar archive. */
const TAR_AT = 257
const LOOKED_AT = 512

/** Whether a file's name says that it is a table, compressed or not. */
export function isTableName(name: string): boolean {
  return formatByName(name) !== undefined
}

function formatByName(name: string): Format | undefined {
  const extension = /\.([a-z]+)(\.(gz|gzip|zst|zstd))?$/i.exec(basename(name))?.[1]?.toLowerCase()
  return EXTENSIONS[extension ?? '']
}

/**
 * What a file is by its first bytes, and where those leave it open by its name.
 *
 * @throws FormatUnknown, CompressedBroken, SourceUnreadable
 */
export async function formatOf(
  file: SourceFile,
  name: string,
): Promise<{ format: Format; packed: Packing | undefined }> {
  const outside = await firstBytes(file)
  const packed = PACKED.find(([mark]) => startsWith(outside, mark))?.[1]
  const start = packed ? await firstUnpacked(file, packed) : outside
  const foreign = FOREIGN.find(([mark]) => startsWith(start, mark))
  if (foreign) throw new FormatUnknown(file.name, foreign[1])
  if (start.toString('latin1', ODF_AT, ODF_AT + ODF.length) === ODF)
    throw new FormatUnknown(file.name, 'is an OpenDocument spreadsheet (.ods): save it as .xlsx or CSV')
  if (start.toString('latin1', TAR_AT, TAR_AT + 5) === 'ustar') throw new FormatUnknown(file.name, 'is a tar archive')
  if (/^\s*<(!doctype html|html)/i.test(start.toString('latin1')))
    throw new FormatUnknown(file.name, 'is a page of HTML')
  if (PACKED.some(([mark]) => packed && startsWith(start, mark)))
    throw new FormatUnknown(file.name, 'is compressed twice')
  const format =
    SIGNATURES.find(([mark]) => startsWith(start, mark))?.[1] ?? textFormat(formatByName(name), start.toString('utf8'))
  return { format, packed }
}

/** A name may promise a format that the bytes are not; then the bytes are text, or say what is wrong with them. */
function textFormat(named: Format | undefined, start: string): Format {
  if (named === 'json' || named === 'csv') return named
  return named ?? (/^\uFEFF?\s*\{/.test(start) ? 'json' : 'csv')
}

const startsWith = (bytes: Buffer, mark: string) => bytes.toString('hex', 0, mark.length / 2) === mark

async function firstBytes(file: SourceFile): Promise<Buffer> {
  try {
    await using handle = await open(file.path)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOOKED_AT), 0, LOOKED_AT, 0)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    throw new SourceUnreadable(file.name, (error as Error).message)
  }
}

async function firstUnpacked(file: SourceFile, packed: Packing): Promise<Buffer> {
  const from = createReadStream(file.path)
  const unpacking = from.on('error', (error) => unpacking.destroy(error)).pipe(unpackerOf(packed))
  try {
    for await (const chunk of unpacking as AsyncIterable<Buffer>) return chunk.subarray(0, LOOKED_AT)
    return Buffer.alloc(0)
  } catch (error) {
    throw new CompressedBroken(file.name, packed, (error as Error).message)
  } finally {
    from.destroy()
    unpacking.destroy()
  }
}

export function unpackerOf(packed: Packing) {
  return packed === 'gzip' ? createGunzip() : createZstdDecompress()
}
