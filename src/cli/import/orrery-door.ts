import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import { ClientError } from '#platform/http/contract'
import type { Artifact } from '#tracking/contract'
import type { Server } from '../server.ts'
import { SourceUnreachable } from './errors.ts'

const ATTEMPTS = 6

/** The running Orrery that everything goes to. A request that got no answer is sent again: none does harm twice. */
export interface OrreryDoor {
  readonly url: string
  call<T>(work: (server: Server) => Promise<T>): Promise<T>
  /** Sends a file as it is read. @returns what is kept, and the hash of what was read */
  upload(owner: string, path: string, open: () => Promise<Readable>): Promise<{ kept: Artifact; read: string }>
  close(): void
}

/** The source could not be read to its end. */
export class ReadingFailed extends Error {}

export function openOrreryDoor(url: string, server: Server, token: string | undefined): OrreryDoor {
  // Nothing limits how long a file of many gigabytes takes to arrive.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

  async function again<T>(work: () => Promise<T>): Promise<T> {
    for (let n = 1; ; n++) {
      try {
        return await work()
      } catch (error) {
        if (!passes(error) || n >= ATTEMPTS) throw error
        await sleep(100 * 2 ** n)
      }
    }
  }

  async function send(owner: string, path: string, bytes: Readable): Promise<{ kept: Artifact; read: string }> {
    const digest = createHash('sha256')
    const measured = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        digest.update(chunk)
        done(null, chunk)
      },
    })
    let readingFailed: unknown
    bytes.once('error', (error) => {
      readingFailed = error
    })
    void pipeline(bytes, measured).catch(() => undefined)
    const place = `${url}/api/imports/artifacts/${encodeURIComponent(owner)}/${path.split('/').map(encodeURIComponent).join('/')}`
    const response = await fetch(place, {
      method: 'PUT',
      dispatcher,
      duplex: 'half',
      body: measured,
      headers: {
        'content-type': 'application/octet-stream',
        ...(token && { authorization: `Bearer ${token}` }),
      },
    }).catch((error: Error) => {
      measured.destroy()
      if (readingFailed) throw new ReadingFailed(String((readingFailed as Error).message))
      throw new ClientError({
        code: 'ORRERY_UNREACHABLE',
        status: 0,
        message: `The Orrery server at ${url} took no file (${(error.cause as Error | undefined)?.message ?? error.message}).`,
        hint: 'Start the same command again: it goes on where it stopped.',
      })
    })
    const answer = (await response.json()) as Artifact & { error?: ConstructorParameters<typeof ClientError>[0] }
    // What was refused is not read to its end.
    if (!response.ok) {
      bytes.destroy()
      throw new ClientError({ ...answer.error!, status: response.status })
    }
    return { kept: answer, read: `sha256:${digest.digest('hex')}` }
  }

  return {
    url,
    call: (work) => again(() => work(server)),
    upload: (owner, path, open) =>
      again(async () => {
        const bytes = await open().catch((error: Error) => {
          // A source that is gone is more than one file that is.
          throw error instanceof SourceUnreachable ? error : new ReadingFailed(error.message)
        })
        return send(owner, path, bytes)
      }),
    close: () => void dispatcher.destroy().catch(() => undefined),
  }
}

/** A server that restarts, or has too much to do; a full disk stays full. */
const passes = (error: unknown) =>
  error instanceof ClientError && (error.status === 0 || [429, 500, 502, 503, 504].includes(error.status))
