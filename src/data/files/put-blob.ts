import { createHash, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
