import { createWriteStream } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import type { ExportForm } from '#exports/contract'
import { download, writeAside } from './download.ts'
import { WrongUse } from './errors.ts'
import { DONE } from './exit.ts'
import { GOOD, printJson } from './output.ts'
import { type ServerOptions, serverFrom } from './server.ts'
import { versionFound } from './version-name.ts'

interface Options extends ServerOptions {
  as: ExportForm
  out?: string
}

/** Brings a version as a package: an archive in this folder, or its files in `--out`. */
export async function exportVersion(name: string, options: Options): Promise<number> {
  const { url, server } = serverFrom(options)
  const { model, version } = await versionFound(server, name)
  if (options.out !== undefined) await refuseFull(options.out)
  const address = `${url}/api/models/${encodeURIComponent(model)}/versions/${version}/export?as=${options.as}`
  const response = await download(address)
  const body = Readable.fromWeb(response.body as ReadableStream)
  const file = /filename="([\w.-]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'export.tar.gz'
  const where = options.out ?? file
  if (options.out === undefined) await writeAside(body, file)
  else await unpack(body, options.out, options.as === 'oci' ? 0 : 1)
  if (options.json) printJson({ model, version, as: options.as, path: resolve(where) })
  else console.log(`${GOOD} ${model}@${version} is in ${where}\n  ${NEXT[options.as](options.out, file)}`)
  return DONE
}

/** What one does with it. */
const NEXT: Record<ExportForm, (folder: string | undefined, file: string) => string> = {
  npm: (folder, file) => `npm install ${folder === undefined ? `./${file}` : resolve(folder)}`,
  python: (folder, file) => `pip install ${folder === undefined ? `./${file}` : resolve(folder)}`,
  oci: (folder, file) => `docker build ${folder === undefined ? `- < ${file}` : folder}`,
}

async function refuseFull(folder: string): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new WrongUse(`${folder} is no folder.`, 'Name a folder that is empty or not there yet.')
  })
  if (there.length > 0)
    throw new WrongUse(
      `${folder} is not empty.`,
      'Name a folder that is empty or not there yet: nothing is overwritten.',
    )
}

/** @param top folders at the front of each path that are left out */
async function unpack(body: Readable, folder: string, top: number): Promise<void> {
  const root = resolve(folder)
  const files = extract()
  const arriving = pipeline(body, createGunzip(), files)
  for await (const entry of files) {
    const path = join(root, ...entry.header.name.split('/').slice(top))
    if (!path.startsWith(root + sep)) throw new Error(`the archive names ${entry.header.name}`)
    await mkdir(dirname(path), { recursive: true })
    await pipeline(entry, createWriteStream(path))
  }
  await arriving
}
