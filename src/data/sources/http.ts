import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { asOrreryError } from '#platform/errors'
import { DiskFull, SourceDenied, SourceTooLarge, SourceUnreachable } from '../errors.ts'
import { callHttp } from '../files/remotes/http-call.ts'
import { DOWNLOAD } from '../limits.ts'

/** Bytes; wall time in ms for the whole, and for silence in between. */
export interface Patience {
  size: number
  total: number
  silence: number
}

const REDIRECTS = 5
const ATTEMPTS = 4
const FIRST_WAIT_MS = 500
/** A server that asks for more patience is asked another time. */
const LONGEST_WAIT_MS = 30_000

/** What may succeed when it is tried again, and how long its server wants us to wait. */
class Passing extends Error {
  readonly waitMs: number | undefined

  constructor(message: string, waitMs?: number) {
    super(message)
    this.waitMs = waitMs
  }
}

/**
 * Gets a URL and hands its answer to `read`; both are tried again when the server is busy or the connection breaks.
 * Headers go to the address that was written, and never with a redirect to another server.
 *
 * @throws SourceUnreachable, SourceDenied, SourceTooLarge and what `read` throws of its own
 */
export async function getHttp<T>(
  url: string,
  options: { headers?: Readonly<Record<string, string>>; patience?: Patience; attempts?: number; name: string },
  read: (body: Readable, answer: Response) => Promise<T>,
): Promise<T> {
  const { name, attempts = ATTEMPTS, patience = DOWNLOAD } = options
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(url, { ...options, patience }, read)
    } catch (error) {
      if (asOrreryError(error)) throw error
      const { message, waitMs } = error as Passing
      const wait = waitMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1)
      if (!(error instanceof Passing) || attempt >= attempts || wait > LONGEST_WAIT_MS)
        throw new SourceUnreachable(name, message)
      await sleep(wait)
    }
  }
}

async function once<T>(
  url: string,
  { headers = {}, patience, name }: { headers?: Readonly<Record<string, string>>; patience: Patience; name: string },
  read: (body: Readable, answer: Response) => Promise<T>,
): Promise<T> {
  const quiet = new AbortController()
  const fallSilent = () =>
    quiet.abort(new SourceUnreachable(name, `it said nothing for ${patience.silence / 1000} seconds`))
  let timer = setTimeout(fallSilent, patience.silence)
  const total = AbortSignal.timeout(patience.total)
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      clearTimeout(timer)
      timer = setTimeout(fallSilent, patience.silence)
      size += chunk.length
      done(size > patience.size ? new SourceTooLarge(name, patience.size) : null, chunk)
    },
  })
  try {
    const answer = await follow(new URL(url), headers, AbortSignal.any([quiet.signal, total]), patience.total)
    refuseStatus(answer, name)
    if (!answer.body) throw new SourceUnreachable(name, 'its answer is empty')
    if (Number(answer.headers.get('content-length')) > patience.size) throw new SourceTooLarge(name, patience.size)
    // A connection that breaks ends in an error of the first stream: `pipeline` passes it on to the last.
    const unpack = unpackerFor(answer.headers.get('content-encoding'))
    const stages = [Readable.fromWeb(answer.body), ...(unpack ? [unpack] : []), measure] as [Readable, Transform]
    const flowing = pipeline(stages)
    flowing.catch(() => {})
    const result = await read(measure, answer)
    await flowing
    return result
  } catch (error) {
    if (quiet.signal.aborted) throw quiet.signal.reason
    if (total.aborted) throw new SourceUnreachable(name, `it took longer than ${patience.total / 60_000} minutes`)
    if (asOrreryError(error) || error instanceof Passing) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFull(undefined)
    // A name that nobody has, or a refused connection, is no better a moment later.
    if (code === 'ENOTFOUND' || code === 'ECONNREFUSED') throw new SourceUnreachable(name, message)
    throw new Passing(code === 'ECONNRESET' || message === 'aborted' ? 'the connection was cut' : message)
  } finally {
    clearTimeout(timer)
    measure.destroy()
  }
}

async function follow(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  timeoutMs: number,
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Response> {
  let at = url
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const own = at.origin === url.origin ? headers : {}
    const answer = await callHttp(at, { method, headers: new Headers(own), timeoutMs, signal })
    const location = [301, 302, 303, 307, 308].includes(answer.status) && answer.headers.get('location')
    if (!location) return answer
    await answer.body?.cancel()
    at = new URL(location, at)
    if (!/^https?:$/.test(at.protocol)) throw new Error(`it leads to ${at.protocol}`)
  }
  throw new Error(`it leads on more than ${REDIRECTS} times`)
}

/** @throws SourceDenied, SourceUnreachable, Passing */
function refuseStatus(answer: Response, name: string): void {
  if (answer.ok) return
  void answer.body?.cancel()
  const said = `it answered ${answer.status} ${answer.statusText}`.trim()
  if (answer.status === 401 || answer.status === 403) throw new SourceDenied(name, said)
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408)
    throw new Passing(said, waitAsked(answer.headers.get('retry-after')))
  throw new SourceUnreachable(name, said)
}

/** Seconds, or a date. */
function waitAsked(header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Nobody asked for it, and some send it all the same. What grows too much meets the limit on bytes. */
function unpackerFor(encoding: string | null): Transform | undefined {
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip()
  if (encoding === 'br') return createBrotliDecompress()
  return encoding === 'deflate' ? createInflate() : undefined
}

const QUESTION_MS = 15_000

/** What a URL says of its content. */
export interface AskedUrl {
  unchanged: boolean
  etag: string | null
  modified: string | null
  bytes: number | null
  /** When it said so, by its own clock. */
  date: number | null
}

/**
 * Asks whether a URL answers, without its body. Servers that know no HEAD are asked with GET, and hung up on. With conditions
 * among the headers, `unchanged` says that they hold.
 *
 * @throws SourceUnreachable, SourceDenied
 */
export async function askHttp(
  url: string,
  { headers, name }: { headers: Readonly<Record<string, string>>; name: string },
): Promise<AskedUrl> {
  const asking = new AbortController()
  try {
    const ask = (method: 'GET' | 'HEAD') => follow(new URL(url), headers, asking.signal, QUESTION_MS, method)
    let answer = await ask('HEAD')
    if ([403, 404, 405, 501].includes(answer.status)) answer = await ask('GET')
    const unchanged = answer.status === 304
    if (!unchanged) refuseStatus(answer, name)
    const length = answer.headers.get('content-length')
    const date = Date.parse(answer.headers.get('date') ?? '')
    return {
      ...{ unchanged, etag: answer.headers.get('etag'), modified: answer.headers.get('last-modified') },
      ...{ bytes: length === null ? null : Number(length), date: Number.isNaN(date) ? null : date },
    }
  } catch (error) {
    if (asOrreryError(error)) throw error
    throw new SourceUnreachable(name, (error as Error).message)
  } finally {
    asking.abort()
  }
}

/** Keeps an answer as a file. */
export function saveTo(path: string) {
  return (body: Readable) => pipeline(body, createWriteStream(path))
}
