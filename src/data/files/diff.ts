import { readFileSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { entriesOf, hasList, type Place, pointerAt } from './dataset.ts'
import { NoDataset, VersionIncomplete, VersionNotFound } from './errors.ts'
import { git } from './git.ts'
import type { DataHome } from './home.ts'
import { readLedger } from './ledger.ts'
import { diffManifests, type ManifestDiff } from './manifest.ts'
import { type Pointer, readPointer } from './pointer.ts'
import { type Reading, readWorkingTree } from './working-tree.ts'

/**
 * A version as people name one: the beginning of its hash, or a git revision whose pointer file is meant; nothing
 * means what the pointer file says now.
 */
export async function findVersion(home: DataHome, place: Place, asked: string | undefined): Promise<Pointer> {
  const current = pointerAt(place)
  if (asked === undefined) {
    if (!current) throw new NoDataset(place.name)
    return current
  }
  const prefix = /^(?:sha256:)?([0-9a-f]{6,64})$/.exec(asked)?.[1]
  if (prefix) {
    const versions = readLedger(home.ledger).filter(
      (line) => line.dataset === place.name && line.version.startsWith(`sha256:${prefix}`),
    )
    const different = new Set(versions.map((line) => line.version))
    if (different.size > 1) throw new VersionNotFound(asked, `${different.size} versions begin with it`)
    const line = versions.at(-1)
    if (line) {
      const { kind, version, files, bytes } = line
      return { path: current?.path ?? place.name.split('/').at(-1)!, kind, version, files, bytes }
    }
    if (current?.version.startsWith(`sha256:${prefix}`)) return current
  }
  if (!place.repository)
    throw new VersionNotFound(asked, 'no version made here begins with it, and this is no git repository')
  return pointerAtRevision(place, place.repository, asked)
}

async function pointerAtRevision(place: Place, repository: string, revision: string): Promise<Pointer> {
  const file = relative(repository, place.pointerFile).split(sep).join('/')
  let text: string
  try {
    // The end of options: a revision that begins with a dash is none.
    text = await git(repository, 'show', '--end-of-options', `${revision}:${file}`)
  } catch {
    throw new VersionNotFound(revision, `no version made here begins with it, and git has no ${file} at it`)
  }
  return readPointer(text, `${file} at ${revision}`)
}

export interface DatasetDiff extends ManifestDiff {
  readonly before: string
  /** `null`: the working tree. */
  readonly after: string | null
}

/** From one version to another, or to what is in the working tree now. */
export async function diffDataset(
  home: DataHome,
  place: Place,
  from: string | undefined,
  to: string | undefined,
  reading?: Reading,
): Promise<DatasetDiff> {
  const before = await findVersion(home, place, from)
  refuseWithoutList(home, place, before)
  const entries = entriesOf(home, before)
  if (to === undefined) {
    const working = readWorkingTree(place, reading)
    return { before: before.version, after: null, ...diffManifests(entries, [...working.entries.values()]) }
  }
  const after = await findVersion(home, place, to)
  refuseWithoutList(home, place, after)
  return { before: before.version, after: after.version, ...diffManifests(entries, entriesOf(home, after)) }
}

function refuseWithoutList(home: DataHome, place: Place, pointer: Pointer): void {
  if (!hasList(home, pointer))
    throw new VersionIncomplete(
      pointer.version,
      [place.name],
      'Bring it: orrery data pull <path> --version <version> --no-checkout',
    )
}

/** Every pointer file in a working tree, by git where there is one. */
export async function pointersIn(folder: string, repository: string | undefined): Promise<string[]> {
  if (!repository) {
    const { globSync } = await import('node:fs')
    return globSync('**/*.orrery.yaml', {
      cwd: folder,
      exclude: (name) => name === 'node_modules' || name === '.orrery',
    })
  }
  const listed = await git(
    folder,
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--',
    '*.orrery.yaml',
  )
  return [...new Set(listed.split('\0'))].filter((file) => file !== '' && isReadable(`${folder}/${file}`))
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}
