import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AwsV4Signer } from 'aws4fetch'
import { RemoteFailed, RemoteRefused } from '../errors.ts'
import { callHttp } from './http-call.ts'
import { Passing, retried } from './retry.ts'

export interface S3Access {
  readonly bucket: string
  /** Of a store that is not Amazon's. */
  readonly endpoint?: string | undefined
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface S3Object {
  readonly key: string
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
  readonly etag: string
}

interface Call {
  method: string
  key?: string
  query?: Record<string, string>
  body?: Uint8Array
  headers?: Record<string, string>
}

/** A bucket of any store that speaks S3. */
export interface S3Client {
  /**
   * One request, signed and tried again; an answer that is no success, and not expected, is an error.
   *
   * @throws RemoteRefused, RemoteFailed
   */
  call(request: Call, expected?: readonly number[]): Promise<Response>
  /** The objects whose keys begin so, in the order of their keys. */
  list(prefix: string): AsyncGenerator<S3Object>
  /** Brings an object to `path`; what came before a cut is kept, and the rest asked for. False when there is none. */
  get(key: string, path: string): Promise<boolean>
}

const PATIENCE_MS = 120_000

export function openS3Client(url: string, access: S3Access): S3Client {
  const call = openCalls(url, access)
  return {
    call,
    get: (key, path) =>
      retried(
        async () => {
          const have = await stat(path).then(
            (stats) => stats.size,
            () => 0,
          )
          const headers = have > 0 ? { range: `bytes=${have}-` } : undefined
          const answer = await call({ method: 'GET', key, ...(headers && { headers }) }, [404, 416])
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
      ),
    list: async function* (prefix) {
      for (let token: string | undefined; ; ) {
        const query = { 'list-type': '2', prefix, ...(token && { 'continuation-token': token }) }
        const page = await (await call({ method: 'GET', query })).text()
        for (const [, contents] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) yield objectOf(contents!)
        const next = /<NextContinuationToken>([^<]+)</.exec(page)?.[1]
        if (!next) return
        token = unescapeXml(next)
      }
    },
  }
}

function objectOf(contents: string): S3Object {
  const told = (name: string) => unescapeXml(new RegExp(`<${name}>([^<]*)</${name}>`).exec(contents)?.[1] ?? '')
  return {
    key: told('Key'),
    size: Number(told('Size') || -1),
    modifiedMs: Date.parse(told('LastModified')),
    etag: told('ETag'),
  }
}

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

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const isOurDisk = (error: unknown) =>
  ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')

export const unescapeXml = (value: string) =>
  value
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message} (${cause.message || (cause as NodeJS.ErrnoException).code})` : message
}
