import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { asOrreryError } from '#platform/errors'
import { CompressedBroken, DiskFull, TableEmpty, UnpackedTooLarge } from '../errors.ts'
import { UNPACKED } from '../limits.ts'
import type { SourceFile } from '../sources/resolved.ts'
import { unpackerOf } from '../sources/format.ts'

/**
 * Unpacks a file to `path` as a stream; memory does not grow with it.
 *
 * @throws CompressedBroken when it is cut off or damaged, UnpackedTooLarge when it was made to grow, TableEmpty, DiskFull
 */
export async function unpackFile(file: SourceFile, path: string): Promise<SourceFile> {
  const { packed } = file
  if (!packed) return file
  await mkdir(dirname(path), { recursive: true })
  let unpacked = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unpacked += chunk.length
      try {
        refuseGrowth(file.name, { packed: file.bytes, unpacked, limit: UNPACKED.bytes })
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
  try {
    await pipeline(createReadStream(file.path), unpackerOf(packed), measure, createWriteStream(path))
  } catch (error) {
    if (asOrreryError(error)) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFull(path)
    throw new CompressedBroken(file.name, packed, message)
  }
  if (unpacked === 0) throw new TableEmpty(file.name, 'holds an empty file')
  const { packed: _, ...plain } = file
  return { ...plain, path, bytes: unpacked, modifiedMs: (await stat(path)).mtimeMs }
}

/** @throws UnpackedTooLarge when so many bytes cannot honestly come of so few, or are more than `limit` */
export function refuseGrowth(
  file: string,
  { packed, unpacked, limit }: { packed: number; unpacked: number; limit: number },
): void {
  if (unpacked > limit) throw new UnpackedTooLarge(file, `it is more than ${Math.round(limit / 1e6)} MB`)
  if (unpacked > UNPACKED.free && unpacked > UNPACKED.ratio * packed)
    throw new UnpackedTooLarge(file, `${Math.round(packed / 1e3)} kB become more than ${Math.round(unpacked / 1e6)} MB`)
}
