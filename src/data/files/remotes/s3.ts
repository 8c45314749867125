import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AwsV4Signer } from 'aws4fetch'
import { RemoteFailed, RemoteRefused, StoreDamaged } from '../errors.ts'
import { callHttp } from './http-call.ts'
import type { Blob, LocalBlob, Moved, Remote } from './remote.ts'
import { eachOf, Passing, retried } from './retry.ts'

export interface S3Access {
  readonly bucket: string
  readonly prefix: string
  /** Of a store that is not Amazon's. */
  readonly endpoint?: string | undefined
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

const AT_ONCE = 16
/** Above, a blob goes up in parts: one that fails is sent again alone. */
const PART = 16 << 20
const PARTS_AT_ONCE = 4
/** S3's own limit; of larger blobs the parts grow. */
const MOST_PARTS = 10_000
/** Asking for each of more takes longer than a list of all. */
const ASK_EACH = 300
const PATIENCE_MS = 120_000

interface Call {
  method: string
  key?: string
  query?: Record<string, string>
  body?: Uint8Array
  headers?: Record<string, string>
}

/** Any store that speaks S3. Each upload is signed with the hash of its bytes, which the store verifies. */
export function openS3Remote(url: string, access: S3Access): Remote {
  const keyOf = (hash: string) => `${access.prefix}${hash.slice(0, 2)}/${hash}`
  const call = openCalls(url, access)

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

  /** What came before a cut is kept, and the rest asked for. */
  async function getOne({ hash }: Blob, folder: string): Promise<boolean> {
    const path = join(folder, hash)
    return retried(
      async () => {
        const have = await stat(path).then(
          (stats) => stats.size,
          () => 0,
        )
        const headers = have > 0 ? { range: `bytes=${have}-` } : undefined
        const answer = await call({ method: 'GET', key: keyOf(hash), ...(headers && { headers }) }, [404, 416])
        if (answer.status === 404) return false
        if (answer.status === 416) return true
        try {
          const flags = answer.status === 206 ? 'a' : 'w'
          await pipeline(Readable.fromWeb(answer.body!), createWriteStream(path, { flags }))
        } catch (error) {
          throw isOurDisk(error) ? error : new Passing(reasonOf(error))
        }
        return true
      },
      (last) => new RemoteFailed(url, last.message),
    )
  }

  async function listAll(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>()
    for (let token: string | undefined; ; ) {
      const query = { 'list-type': '2', prefix: access.prefix, ...(token && { 'continuation-token': token }) }
      const page = await text(await call({ method: 'GET', query }))
      for (const [, contents] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const hash = /<Key>[^<]*?([0-9a-f]{64})<\/Key>/.exec(contents!)?.[1]
        if (hash) sizes.set(hash, Number(/<Size>(\d+)<\/Size>/.exec(contents!)?.[1] ?? -1))
      }
      const next = /<NextContinuationToken>([^<]+)</.exec(page)?.[1]
      if (!next) return sizes
      token = unescapeXml(next)
    }
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
          await getOne(blob, folder)
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

/** One request, signed and tried again; an answer that is no success, and not expected, is an error. */
function openCalls(url: string, access: S3Access) {
  const { bucket, endpoint, region, accessKeyId, secretAccessKey, sessionToken } = access
  // Amazon wants the bucket in the name of the host; others know it in the path, and so does Amazon with dots in it.
  const root = endpoint
    ? `${endpoint.replace(/\/$/, '')}/${bucket}`
    : bucket.includes('.')
      ? `https://s3.${region}.amazonaws.com/${bucket}`
      : `https://${bucket}.s3.${region}.amazonaws.com`

  async function once({ method, key = '', query = {}, body, headers = {} }: Call): Promise<Response> {
    const search = new URLSearchParams(query).toString()
    const path = key.split('/').map(encodeURIComponent).join('/')
    const signed = await new AwsV4Signer({
      ...{
        method,
        url: `${root}/${path}${search ? `?${search}` : ''}`,
        service: 's3',
        region,
        accessKeyId,
        secretAccessKey,
      },
      ...(sessionToken && { sessionToken }),
      headers: { 'x-amz-content-sha256': sha256(body ?? new Uint8Array()), ...headers },
    }).sign()
    const { headers: signedHeaders, url: signedUrl } = signed
    return callHttp(signedUrl, { method, headers: signedHeaders, body, timeoutMs: PATIENCE_MS }).catch((error) => {
      throw new Passing(reasonOf(error))
    })
  }

  return (request: Call, expected: readonly number[] = []): Promise<Response> =>
    retried(
      async () => {
        const answer = await once(request)
        if (answer.ok || expected.includes(answer.status)) return answer
        const said = await answer.text().catch(() => '')
        const code = /<Code>([^<]+)<\/Code>/.exec(said)?.[1] ?? ''
        const why = `${request.method} answered ${answer.status}${code ? ` ${code}` : ''}`
        if (answer.status >= 500 || [408, 409, 429].includes(answer.status) || code === 'RequestTimeout')
          throw new Passing(why)
        throw new RemoteRefused(url, why, hintFor(answer.status, bucket))
      },
      (last) => new RemoteFailed(url, last.message),
    )
}

function hintFor(status: number, bucket: string): string {
  if (status === 401 || status === 403)
    return `Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do with the bucket ${bucket}.`
  if (status === 404) return `Make the bucket ${bucket}, or mend its name in the address.`
  return 'Check the address, the endpoint and the region of the remote.'
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
const isOurDisk = (error: unknown) =>
  ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')
const escapeXml = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const unescapeXml = (value: string) =>
  value.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message} (${cause.message || (cause as NodeJS.ErrnoException).code})` : message
}
