import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SourceAltered, SourceUnpinned } from './errors.ts'
import { getHttp, type Patience, saveTo } from './sources/http.ts'

/**
 * Downloads `url` into `folder` under the name of its hash and returns the path. A file that is there already with the
 * right bytes is not fetched again. Nothing stays behind when it fails.
 *
 * @throws SourceUnpinned, SourceUnreachable, SourceDenied, SourceAltered, SourceTooLarge
 */
export async function downloadPinned(
  url: string,
  sha256: string | undefined,
  folder: string,
  options: { patience?: Patience; headers?: Readonly<Record<string, string>>; name?: string } = {},
): Promise<string> {
  const { name = url, ...asked } = options
  if (sha256 === undefined) throw new SourceUnpinned(name)
  const place = join(folder, sha256)
  if ((await hashOf(place)) === sha256) return place
  await mkdir(folder, { recursive: true })
  const aside = join(folder, `${randomUUID()}.incoming`)
  try {
    await getHttp(url, { ...asked, name }, saveTo(aside))
    const actual = await hashOf(aside)
    if (actual !== sha256) throw new SourceAltered(name, sha256, actual ?? 'none')
    await rename(aside, place)
    return place
  } finally {
    await rm(aside, { force: true })
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
