import { randomUUID } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { downloadPinned } from './download.ts'
import { FilesDiffer, SourceNeedsServer } from './errors.ts'
import { fileAt, findFiles } from './sources/find-files.ts'
import { formatOf } from './sources/format.ts'
import { getHttp, saveTo } from './sources/http.ts'
import { type OpenedSource, openSource } from './sources/open-source.ts'
import { type SourceSpec, shownAddress } from './sources/place.ts'
import type { BroughtFile, Format, ResolvedSource, SourceFile } from './sources/resolved.ts'
import { openSecrets } from './sources/secrets.ts'

export interface SourceRequest extends SourceSpec {
  /** Where relative sources start. */
  folder: string
  /** Where what is fetched from elsewhere is put; a pinned file with the right hash is not fetched again. */
  downloads: string
  /** What a server brought of a source that only it knows. */
  brought?: BroughtFile | undefined
  /** Where secrets come from; this process's own variables when absent. */
  env?: NodeJS.ProcessEnv
}

/**
 * Finds the files of a source, and brings what is elsewhere to this machine: URLs, answers of an API, objects of a
 * bucket, rows of a database. No error tells a secret.
 *
 * @throws SourceNotFound, SourceNotAFile, SourceUnreadable, SourceUnpinned, SourceUnreachable, SourceDenied,
 *   SourceAltered, SourceTooLarge, SourceNeedsServer, SecretMissing, AnswerUnreadable, PagingEndless, QueryFailed,
 *   TableEmpty, FormatUnknown, CompressedBroken, FilesDiffer
 */
export async function resolveSource(request: SourceRequest): Promise<ResolvedSource> {
  const secrets = openSecrets(request.env ?? process.env)
  try {
    return await resolved(request, openSource(request, secrets, request.env ?? process.env))
  } catch (error) {
    throw secrets.maskError(error)
  }
}

async function resolved(request: SourceRequest, opened: OpenedSource): Promise<ResolvedSource> {
  const { source, sha256, folder, brought } = request
  const { place } = opened
  const base = { source, place, sha256 }
  if (opened.place === 'files') return { ...base, ...(await known(await findFiles(source, folder))) }
  const downloads = await madeFolder(request.downloads)
  const aside = join(downloads, randomUUID())
  const at = Date.now()
  switch (opened.place) {
    case 'url':
      return {
        ...base,
        ...(await known([await urlFile(request, opened, downloads, aside)], new URL(opened.url).pathname)),
        taken: { at },
      }
    case 'api': {
      const { readApi } = await import('./sources/api.ts')
      const { pages, records } = await readApi(opened, `${aside}.jsonl`)
      const what = `${count(records, 'record')} on ${count(pages, 'page')}`
      return { ...base, files: [await fileAt(`${aside}.jsonl`, opened.name)], format: 'json', taken: { at, what } }
    }
    case 's3': {
      const { readBucket } = await import('./sources/bucket.ts')
      return { ...base, ...(await known(await readBucket(opened, aside))), taken: { at } }
    }
    case 'postgres':
    case 'mysql':
    case 'sqlite': {
      await mkdir(aside)
      const call = opened.place === 'sqlite' ? { ...opened, address: resolve(folder, opened.address) } : opened
      const file = await (await readerOf(opened.place))(call, join(aside, 'rows.parquet'))
      return { ...base, files: [file], format: 'parquet', taken: { at, what: opened.statement } }
    }
    case 'upload':
    case 'predictions': {
      if (!brought) throw new SourceNeedsServer(source)
      const { path, name, what } = brought
      return { ...base, ...(await known([await fileAt(path, name)], name)), taken: { at: brought.at, what } }
    }
  }
}

async function urlFile(
  { source, sha256, poll }: SourceRequest,
  { url, headers }: Extract<OpenedSource, { place: 'url' }>,
  downloads: string,
  aside: string,
): Promise<SourceFile> {
  const name = shownAddress(source)
  if (sha256 !== undefined || poll === undefined)
    return fileAt(await downloadPinned(url, sha256, downloads, { headers, name }), name)
  await getHttp(url, { headers, name }, saveTo(aside))
  return fileAt(aside, name)
}

async function readerOf(place: 'postgres' | 'mysql' | 'sqlite') {
  if (place === 'postgres') return (await import('./sources/postgres.ts')).readPostgres
  return place === 'mysql'
    ? (await import('./sources/mysql.ts')).readMysql
    : (await import('./sources/sqlite.ts')).readSqlite
}

/** The files with how each is packed, and the format that all of them have. */
async function known(found: readonly SourceFile[], named?: string): Promise<Pick<ResolvedSource, 'files' | 'format'>> {
  const files: SourceFile[] = []
  let format: Format | undefined
  for (const file of found) {
    const is = await formatOf(file, named ?? file.path)
    format ??= is.format
    if (is.format !== format)
      throw new FilesDiffer(found[0]!.name, file.name, `it is ${is.format}, the first is ${format}`)
    files.push({ ...file, ...(is.packed && { packed: is.packed }) })
  }
  return { files, format: format! }
}

async function madeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return realpath(folder)
}

const count = (n: number, one: string) => `${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`
