import { createHash } from 'node:crypto'
import { existsSync, globSync, lstatSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { placeOf, pointerAt, projectOf, savePointer } from '../dataset.ts'
import { deposit } from '../deposit.ts'
import { DvcUnreadable, ManifestBroken } from '../errors.ts'
import type { DataHome } from '../home.ts'
import { appendLedger } from '../ledger.ts'
import { type Entry, isInside, writeManifest } from '../manifest.ts'
import { choosePlacement } from '../placement.ts'
import type { Pointer } from '../pointer.ts'
import { putBlob } from '../put-blob.ts'
import type { Source } from '../stage.ts'
import { factsOf } from '../walk.ts'
import { type DvcOutput, dvcFolders, readDvcFile, readDvcFolder } from './outputs.ts'

export interface ImportedOutput {
  readonly dataset: string
  readonly from: string
  readonly version: string
  readonly files: number
  readonly bytes: number
}

export interface DvcImport {
  readonly imported: readonly ImportedOutput[]
  /** What stays with DVC, each with its reason. */
  readonly skipped: readonly { from: string; path: string; why: string }[]
}

/**
 * Makes a dataset of every output of DVC's in a repository, as its files name it now: bytes come from DVC's cache, its
 * folder remotes or the working tree, whichever has them, and are compared with DVC's hash.
 */
export async function importDvc(
  home: DataHome,
  repository: string,
  progress: (path: string) => void = () => {},
): Promise<DvcImport> {
  const stores = storesOf(repository)
  const imported: ImportedOutput[] = []
  const skipped: { from: string; path: string; why: string }[] = []
  const store = await home.locks.using()
  try {
    for (const from of dvcFilesIn(repository)) {
      const file = join(repository, from)
      const { outputs, skipped: elsewhere } = readDvcFile(readFileSync(file, 'utf8'), from)
      skipped.push(...elsewhere.map((one) => ({ from, ...one })))
      for (const output of outputs) {
        progress(output.path)
        const path = resolve(dirname(file), output.path)
        if (!`${path}${sep}`.startsWith(`${repository}${sep}`) || path === repository) {
          skipped.push({ from, path: output.path, why: 'outside of the repository' })
          continue
        }
        const result = await importOutput(home, stores, path, output)
        if ('why' in result) skipped.push({ from, path: output.path, why: result.why })
        else imported.push({ from, dataset: relative(repository, path).split(sep).join('/'), ...result })
      }
    }
    return { imported, skipped }
  } finally {
    store.release()
  }
}

/** DVC's files of this repository; not those of what it has installed or keeps itself. */
function dvcFilesIn(repository: string): string[] {
  const leftOut = new Set(['.git', '.dvc', '.orrery', 'node_modules'])
  return globSync(['**/*.dvc', '**/dvc.lock'], { cwd: repository, exclude: (name) => leftOut.has(basename(name)) })
    .filter((file) => lstatSync(join(repository, file)).isFile())
    .sort()
}

type FindBlob = (md5: string, layout: DvcOutput['layout']) => string | undefined

/** Where a blob of DVC's lies: DVC 3 keeps them below `files/md5`, DVC 2 in the folder itself. */
function storesOf(repository: string): FindBlob {
  const own = join(repository, '.dvc')
  const folders: string[] = []
  for (const name of ['config.local', 'config']) {
    const file = join(own, name)
    if (!existsSync(file)) continue
    const { cache, remotes } = dvcFolders(readFileSync(file, 'utf8'))
    folders.push(...[...(cache ? [cache] : []), ...remotes].map((folder) => resolve(own, folder)))
  }
  folders.push(join(own, 'cache'))
  return (md5, layout) => {
    const name = join(md5.slice(0, 2), md5.slice(2))
    const layouts = layout === 'md5' ? [join('files', 'md5', name), name] : [name, join('files', 'md5', name)]
    return folders.flatMap((folder) => layouts.map((one) => join(folder, one))).find((path) => existsSync(path))
  }
}

interface Wanted {
  path: string
  md5: string
}

async function importOutput(
  home: DataHome,
  find: FindBlob,
  path: string,
  { md5, layout }: DvcOutput,
): Promise<Omit<ImportedOutput, 'dataset' | 'from'> | { why: string }> {
  const isFolder = md5.endsWith('.dir')
  let wanted: Wanted[] = [{ path: '', md5 }]
  if (isFolder) {
    const list = find(md5, layout)
    if (!list) return { why: `the list of its files (${md5}) is not in DVC's cache: run \`dvc fetch\` first` }
    wanted = readDvcFolder(readFileSync(list, 'utf8'), list)
    const outside = wanted.find((entry) => !isInside(entry.path))
    if (outside) throw new DvcUnreadable(list, `it has an entry at ${JSON.stringify(outside.path)}`)
  }
  const sources: Source[] = []
  for (const entry of wanted) {
    const here = entry.path === '' ? path : join(path, entry.path)
    const blob = [find(entry.md5, layout), existsSync(here) ? here : undefined].find(
      (one) => one !== undefined && hasMd5(one, entry.md5, layout),
    )
    if (!blob)
      return { why: `${entry.path || 'it'} (${entry.md5}) is nowhere on this machine: run \`dvc fetch\` first` }
    sources.push({ ...factsOf(lstatSync(blob)), absolute: blob, linkable: false })
  }
  const hashes = new Map<number, string>()
  if (sources.length > 0) {
    // DVC keeps its cache: the bytes are copied, or cloned.
    const placement = choosePlacement(undefined, sources[0]!.absolute, home.arriving) === 'reflink' ? 'reflink' : 'copy'
    await deposit(sources, {
      ...{ home, placement, progress: () => {} },
      stored: (outcomes) => {
        for (const [i, outcome] of outcomes) if (outcome.state === 'stored') hashes.set(i, outcome.hash)
      },
    })
  }
  if (hashes.size < sources.length) return { why: 'its files changed while they were read' }
  const entries: Entry[] = wanted.map((entry, i) => {
    const here = entry.path === '' ? path : join(path, entry.path)
    const mayRun = ((lstatSync(here, { throwIfNoEntry: false })?.mode ?? 0) & 0o100) !== 0
    return { path: entry.path, mode: mayRun ? 'executable' : 'file', size: sources[i]!.size, hash: hashes.get(i)! }
  })
  return register(home, path, isFolder, entries)
}

function register(home: DataHome, path: string, isFolder: boolean, entries: readonly Entry[]) {
  const place = placeOf(path, dirname(path), home)
  const before = pointerAt(place)
  const hash = isFolder ? putBlob(home, Buffer.from(writeManifest(entries))) : entries[0]?.hash
  if (!hash) throw new ManifestBroken(path, 'it has no file')
  const facts = {
    kind: isFolder ? ('folder' as const) : ('file' as const),
    version: `sha256:${hash}`,
    files: entries.length,
    bytes: entries.reduce((sum, entry) => sum + entry.size, 0),
  }
  const pointer: Pointer = {
    ...{ path: basename(path), ...facts },
    ...(!isFolder && entries[0]!.mode === 'executable' && { executable: true }),
  }
  if (before?.version !== facts.version)
    appendLedger(home.ledger, {
      ...{ dataset: place.name, project: projectOf(place), repository: place.repository ?? null, ...facts },
      ...{ parent: before?.version ?? null, how: 'import', at: Date.now() },
    })
  savePointer(place, pointer)
  return { version: facts.version, files: facts.files, bytes: facts.bytes }
}

const LOOKED_AT = 512

/** DVC's hash of a file; of DVC 2's text files with carriage returns before line feeds taken out. */
function hasMd5(path: string, md5: string, layout: DvcOutput['layout']): boolean {
  const bytes = readFileSync(path)
  const is = (some: Uint8Array) => createHash('md5').update(some).digest('hex') === md5
  if (is(bytes)) return true
  if (layout === 'md5' || bytes.subarray(0, LOOKED_AT).includes(0)) return false
  return is(Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'))
}
