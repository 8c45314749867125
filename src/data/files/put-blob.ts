import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { BlobDamaged, BlobMissing, blobPlace } from '#platform/blobs'
import { syncPath } from './durable.ts'
import type { DataHome } from './home.ts'
import { isStored } from './stage.ts'

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Stores bytes that are in memory; durable when it returns. */
export function putBlob(home: DataHome, bytes: Uint8Array): string {
  const hash = hashOf(bytes)
  if (isStored(home.blobs, hash, bytes.length)) return hash
  const aside = join(home.arriving, randomUUID())
  const place = blobPlace(home.blobs, hash)
  try {
    const file = openSync(aside, 'wx', 0o444)
    try {
      writeFileSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    mkdirSync(dirname(place), { recursive: true })
    renameSync(aside, place)
    syncPath(dirname(place))
  } finally {
    rmSync(aside, { force: true })
  }
  return hash
}

const PIECE = 1 << 20

/**
 * A blob in pieces, each good until the next one is asked for.
 *
 * @throws BlobMissing; BlobDamaged after the last piece, when its hash is known
 */
export function* piecesOfBlob(home: Pick<DataHome, 'blobs'>, hash: string): Generator<Uint8Array> {
  const file = openBlob(home, hash)
  try {
    const piece = new Uint8Array(PIECE)
    const hashed = createHash('sha256')
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      hashed.update(piece.subarray(0, read))
      yield piece.subarray(0, read)
    }
    const actual = hashed.digest('hex')
    if (actual !== hash) throw new BlobDamaged(`sha256:${hash}`, `sha256:${actual}`)
  } finally {
    closeSync(file)
  }
}

function openBlob({ blobs }: Pick<DataHome, 'blobs'>, hash: string): number {
  try {
    return openSync(blobPlace(blobs, hash), 'r')
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new BlobMissing(`sha256:${hash}`) : error
  }
}

/** A small blob, verified. */
export function readBlob(home: DataHome, hash: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(blobPlace(home.blobs, hash))
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new BlobMissing(`sha256:${hash}`) : error
  }
  const actual = hashOf(bytes)
  if (actual !== hash) throw new BlobDamaged(`sha256:${hash}`, `sha256:${actual}`)
  return bytes
}
