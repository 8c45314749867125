import { createHash } from 'node:crypto'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RemoteFailed, RemoteRefused, StoreDamaged } from '../errors.ts'
import type { Blob, LocalBlob, Moved, Remote } from './remote.ts'
import { eachOf } from './retry.ts'
import { openS3Client, type S3Access, unescapeXml } from './s3-client.ts'

const AT_ONCE = 16
/** Above, a blob goes up in parts: one that fails is sent again alone. */
const PART = 16 << 20
const PARTS_AT_ONCE = 4
/** S3's own limit; of larger blobs the parts grow. */
const MOST_PARTS = 10_000
/** Asking for each of more takes longer than a list of all. */
const ASK_EACH = 300
/** Any store that speaks S3. Each upload is signed with the hash of its bytes, which the store verifies. */
export function openS3Remote(url: string, access: S3Access & { readonly prefix: string }): Remote {
  const keyOf = (hash: string) => `${access.prefix}${hash.slice(0, 2)}/${hash}`
  const store = openS3Client(url, access)
  const { call } = store

  async function putOne({ hash, size, path }: LocalBlob): Promise<void> {
    if (size > PART) return putInParts({ hash, size, path })
    const bytes = await readFile(path)
    if (sha256(bytes) !== hash) throw new StoreDamaged([hash])
    await call({ method: 'PUT', key: keyOf(hash), body: bytes })
  }

  async function putInParts({ hash, size, path }: LocalBlob): Promise<void> {
    const key = keyOf(hash)
    const length = Math.max(PART, Math.ceil(size / MOST_PARTS))
    const begun = await text(await call({ method: 'POST', key, query: { uploads: '' } }))
    const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(begun)?.[1]
    if (!uploadId) throw new RemoteRefused(url, 'it began no upload in parts', 'Check that the endpoint speaks S3.')
    const query = { uploadId: unescapeXml(uploadId) }
    const file = await open(path)
    try {
      const tags: string[] = []
      const whole = createHash('sha256')
      const numbers = Array.from({ length: Math.ceil(size / length) }, (_, i) => i)
      // In order for the hash of the whole, a few ahead for the line.
      for (let from = 0; from < numbers.length; from += PARTS_AT_ONCE) {
        const some = numbers.slice(from, from + PARTS_AT_ONCE)
        const parts = await Promise.all(
          some.map((i) => readPart(file, i * length, Math.min(length, size - i * length))),
        )
        for (const part of parts) whole.update(part)
        await eachOf(some, PARTS_AT_ONCE, async (i) => {
          const body = parts[i - from]!
          const answer = await call({ method: 'PUT', key, query: { ...query, partNumber: String(i + 1) }, body })
          tags[i] = answer.headers.get('etag') ?? ''
          await answer.body?.cancel()
        })
      }
      if (whole.digest('hex') !== hash) throw new StoreDamaged([hash])
      const parts = tags.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`)
      const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
      const ended = await text(await call({ method: 'POST', key, query, body }))
      if (/<Error>/.test(ended)) throw new RemoteFailed(url, `it did not put the parts of ${hash} together`)
    } catch (error) {
      // Parts of an upload that nobody ends are paid for.
      await call({ method: 'DELETE', key, query }).catch(() => {})
      throw error
    } finally {
      await file.close()
    }
  }

  async function listAll(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>()
    for await (const { key, size } of store.list(access.prefix)) {
      const hash = /([0-9a-f]{64})$/.exec(key)?.[1]
      if (hash) sizes.set(hash, size)
    }
    return sizes
  }

  return {
    url,
    present: async (blobs) => {
      const found = new Set<string>()
      if (blobs.length > ASK_EACH) {
        const sizes = await listAll()
        for (const { hash, size } of blobs) if (sizes.get(hash) === size) found.add(hash)
        return found
      }
      await eachOf(blobs, AT_ONCE, async ({ hash, size }) => {
        const answer = await call({ method: 'HEAD', key: keyOf(hash) }, [404])
        if (answer.ok && Number(answer.headers.get('content-length')) === size) found.add(hash)
      })
      return found
    },
    holds: async (hashes) => {
      const found = new Set<string>()
      await eachOf(hashes, AT_ONCE, async (hash) => {
        if ((await call({ method: 'HEAD', key: keyOf(hash) }, [404])).ok) found.add(hash)
      })
      return found
    },
    put: (blobs, moved) => move(blobs, moved, putOne),
    get: async (blobs, folder, moved) =>
      move(
        blobs,
        (files, bytes) => moved(files, bytes),
        async (blob) => {
          await store.get(keyOf(blob.hash), join(folder, blob.hash))
        },
      ),
  }
}

function move<B extends Blob>(blobs: readonly B[], moved: Moved, act: (blob: B) => Promise<void>): Promise<void> {
  return eachOf(blobs, AT_ONCE, async (blob) => {
    await act(blob)
    moved(1, blob.size)
  })
}

async function readPart(file: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, from + at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const text = (answer: Response) => answer.text()
const escapeXml = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
