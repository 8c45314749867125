import { parse } from 'yaml'
import { DvcUnreadable } from '../errors.ts'

/** One output that DVC keeps: a file, or a folder whose hash ends with `.dir`. */
export interface DvcOutput {
  /** From the folder of the file that names it. */
  readonly path: string
  readonly md5: string
  /** DVC 3 hashes bytes; DVC 2 hashed text files with line feeds in place of carriage returns and line feeds. */
  readonly layout: 'md5' | 'md5-dos2unix'
}

interface WrittenOutput {
  path?: unknown
  md5?: unknown
  hash?: unknown
  wdir?: unknown
}

/** The outputs that a `.dvc` file or a `dvc.lock` names, and those that DVC keeps elsewhere, with the reason. */
export function readDvcFile(
  text: string,
  file: string,
): { outputs: DvcOutput[]; skipped: { path: string; why: string }[] } {
  let written: unknown
  try {
    written = parse(text)
  } catch (error) {
    throw new DvcUnreadable(file, (error as Error).message.split('\n')[0]!)
  }
  if (written === null || typeof written !== 'object') throw new DvcUnreadable(file, 'it holds no mapping')
  const outputs: DvcOutput[] = []
  const skipped: { path: string; why: string }[] = []
  for (const { path, md5, hash, folder } of outsOf(written)) {
    if (typeof path !== 'string') throw new DvcUnreadable(file, 'an output has no path')
    if (/^[a-z0-9+]+:\/\//i.test(path) || path.startsWith('/')) skipped.push({ path, why: 'outside of the repository' })
    else if (typeof md5 !== 'string') skipped.push({ path, why: 'DVC has no hash of it (not cached, or in the cloud)' })
    else if (!/^[0-9a-f]{32}(\.dir)?$/.test(md5)) throw new DvcUnreadable(file, `${path} has no MD5 (${md5})`)
    else
      outputs.push({
        path: folder === '' ? path : `${folder}/${path}`,
        md5,
        layout: hash === undefined || hash === 'md5-dos2unix' ? 'md5-dos2unix' : 'md5',
      })
  }
  return { outputs, skipped }
}

function outsOf(written: object): (WrittenOutput & { folder: string })[] {
  const { outs, stages, wdir } = written as { outs?: unknown; stages?: unknown; wdir?: unknown }
  const folder = (value: unknown) => (typeof value === 'string' && value !== '.' ? value.replace(/\/$/, '') : '')
  const listed = (value: unknown) => (Array.isArray(value) ? (value as WrittenOutput[]) : [])
  const direct = listed(outs).map((out) => ({ ...out, folder: folder(wdir) }))
  const ofStages = Object.values((stages ?? {}) as Record<string, { outs?: unknown; wdir?: unknown }>).flatMap(
    (stage) => listed(stage?.outs).map((out) => ({ ...out, folder: '' })),
  )
  return [...direct, ...ofStages]
}

/** What a `.dir` file of the cache lists. */
export function readDvcFolder(text: string, file: string): { path: string; md5: string }[] {
  let written: unknown
  try {
    written = JSON.parse(text)
  } catch {
    throw new DvcUnreadable(file, 'it is no JSON')
  }
  if (!Array.isArray(written)) throw new DvcUnreadable(file, 'it is no list')
  return written.map((entry) => {
    const { relpath, md5 } = (entry ?? {}) as { relpath?: unknown; md5?: unknown }
    if (typeof relpath !== 'string' || typeof md5 !== 'string' || !/^[0-9a-f]{32}$/.test(md5))
      throw new DvcUnreadable(file, `an entry is ${JSON.stringify(entry)}`)
    return { path: relpath, md5 }
  })
}

/** The folders DVC keeps blobs in that are on this machine: its cache, and remotes that are folders. */
export function dvcFolders(config: string): { cache: string | undefined; remotes: string[] } {
  let section = ''
  let cache: string | undefined
  const remotes: string[] = []
  for (const line of config.split(/\r?\n/)) {
    section = /^\s*\[(.*)\]\s*$/.exec(line)?.[1] ?? section
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (!value) continue
    if (section === 'cache' && key === 'dir') cache = value
    if (/remote/.test(section) && key === 'url' && !/^[a-z0-9+]+:\/\//i.test(value)) remotes.push(value)
  }
  return { cache, remotes }
}
