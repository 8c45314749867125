import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { BlobDamaged, BlobMissing, BlobsFull } from './errors.ts'
import { blobPlace } from './place.ts'

export interface StoredBlob {
  /** `sha256:` and 64 hex digits. */
  hash: string
  /** Bytes. */
  size: number
}

/** Immutable bytes under the name of their hash. */
export interface Blobs {
  /** Durable when it resolves; the same bytes twice are stored once. */
  put(bytes: Uint8Array | Readable): Promise<StoredBlob>
  putFile(path: string): Promise<StoredBlob>
  /** The bytes, checked against the hash; throws `BlobMissing` or `BlobDamaged`. */
  get(hash: string): Promise<Buffer>
  has(hash: string): Promise<boolean>
  /** Where the blob lies, checked once more against its hash: for a child process or a native reader. */
  path(hash: string): Promise<string>
  /** Forgets a blob, for bytes that nobody else can have put: what has to be deleted by law, not to save room. */
  remove(hash: string): Promise<void>
}

/** Read and written at once: in pieces of 64 KiB, what surrounds a read costs more than hashing what was read. */
const PIECE = 1024 * 1024

/** Content-addressed folder: written aside, synced, renamed, and the folder synced, so a name never has half its bytes. */
export async function openBlobFolder(folder: string): Promise<Blobs> {
  const aside = join(folder, 'incoming')
  // What a crash left half-written was never acknowledged.
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside, { recursive: true })

  const placeOf = (hash: string) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(hash)?.[1]
    if (!hex) throw new BlobMissing(hash)
    return blobPlace(folder, hex)
  }

  async function put(bytes: Uint8Array | Readable): Promise<StoredBlob> {
    const temporary = join(aside, randomUUID())
    const digest = createHash('sha256')
    let size = 0
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        digest.update(chunk)
        size += chunk.length
        done(null, chunk)
      },
    })
    try {
      await pipeline(
        bytes instanceof Readable ? bytes : Readable.from([bytes]),
        measure,
        createWriteStream(temporary, { flush: true, highWaterMark: PIECE }),
      )
      const hash = `sha256:${digest.digest('hex')}`
      const place = placeOf(hash)
      if (await touched(place)) return { hash, size }
      await mkdir(dirname(place), { recursive: true })
      await rename(temporary, place)
      await syncFolder(dirname(place))
      return { hash, size }
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? new BlobsFull(error) : error
    } finally {
      await rm(temporary, { force: true })
    }
  }

  return {
    put,
    putFile: async (path) => put(createReadStream(path, { highWaterMark: PIECE })),
    get: async (hash) => {
      const bytes = await readFile(placeOf(hash)).catch((error) => {
        throw error.code === 'ENOENT' ? new BlobMissing(hash) : error
      })
      const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      if (actual !== hash) throw new BlobDamaged(hash, actual)
      return bytes
    },
    has: (hash) => exists(placeOf(hash)),
    path: async (hash) => {
      const place = placeOf(hash)
      if (!(await exists(place))) throw new BlobMissing(hash)
      const actual = await hashOf(place)
      if (actual !== hash) throw new BlobDamaged(hash, actual)
      return place
    },
    remove: (hash) => rm(placeOf(hash), { force: true }),
  }
}

/** Reads into one buffer again and again: a new one for each piece would cost more in garbage collection than the hash. */
async function hashOf(path: string): Promise<string> {
  const digest = createHash('sha256')
  const piece = Buffer.allocUnsafe(PIECE)
  await using file = await open(path)
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, PIECE)
    if (bytesRead === 0) return `sha256:${digest.digest('hex')}`
    digest.update(piece.subarray(0, bytesRead))
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Whether it is there. Its time of change says that somebody wants it: what collects garbage leaves such blobs. */
async function touched(place: string): Promise<boolean> {
  return chmod(place, 0o444).then(
    () => true,
    () => exists(place),
  )
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
