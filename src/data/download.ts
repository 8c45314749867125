import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SourceAltered, SourceTooLarge, SourceUnpinned, SourceUnreachable } from './errors.ts'
import { DOWNLOAD } from './limits.ts'

/**
 * Downloads `url` into `folder` under the name of its hash and returns the path. A file that is there already with the
 * right bytes is not fetched again. Nothing stays behind when it fails.
 *
 * @throws SourceUnpinned, SourceUnreachable, SourceAltered, SourceTooLarge
 */
export async function downloadPinned(
  url: string,
  sha256: string | undefined,
  folder: string,
  limits: { size: number; total: number; silence: number } = DOWNLOAD,
): Promise<string> {
  if (sha256 === undefined) throw new SourceUnpinned(url)
  const place = join(folder, sha256)
  if ((await hashOf(place)) === sha256) return place
  await mkdir(folder, { recursive: true })
  const aside = join(folder, `${randomUUID()}.incoming`)
  try {
    const actual = await fetchInto(url, aside, limits)
    if (actual !== sha256) throw new SourceAltered(url, sha256, actual)
    await rename(aside, place)
    return place
  } finally {
    await rm(aside, { force: true })
  }
}

async function fetchInto(
  url: string,
  path: string,
  limits: { size: number; total: number; silence: number },
): Promise<string> {
  const silence = new AbortController()
  const fallSilent = () =>
    silence.abort(new SourceUnreachable(url, `it said nothing for ${limits.silence / 1000} seconds`))
  let timer = setTimeout(fallSilent, limits.silence)
  const total = AbortSignal.timeout(limits.total)
  const digest = createHash('sha256')
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      clearTimeout(timer)
      timer = setTimeout(fallSilent, limits.silence)
      size += chunk.length
      if (size > limits.size) return done(new SourceTooLarge(url, limits.size))
      digest.update(chunk)
      done(null, chunk)
    },
  })
  try {
    const response = await fetch(url, { signal: AbortSignal.any([silence.signal, total]) })
    if (!response.ok) throw new SourceUnreachable(url, `it answered ${response.status} ${response.statusText}`.trim())
    if (!response.body) throw new SourceUnreachable(url, 'its answer is empty')
    if (Number(response.headers.get('content-length')) > limits.size) throw new SourceTooLarge(url, limits.size)
    await pipeline(Readable.fromWeb(response.body), measure, createWriteStream(path))
    return digest.digest('hex')
  } catch (error) {
    if (error instanceof SourceUnreachable || error instanceof SourceTooLarge) throw error
    if (total.aborted) throw new SourceUnreachable(url, `it took longer than ${limits.total / 60_000} minutes`)
    const cause = (error as Error).cause
    throw new SourceUnreachable(url, cause instanceof Error ? cause.message : (error as Error).message)
  } finally {
    clearTimeout(timer)
  }
}

async function hashOf(path: string): Promise<string | undefined> {
  const digest = createHash('sha256')
  try {
    await pipeline(createReadStream(path), digest)
    return digest.digest('hex')
  } catch {
    return undefined
  }
}
