import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Place } from './dataset.ts'
import { DatasetPlaceRefused } from './errors.ts'

const run = promisify(execFile)
const MOST_OUTPUT = 256 << 20

/** What git prints; throws where it fails. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, {
    cwd: folder,
    maxBuffer: MOST_OUTPUT,
    env: { ...process.env, LC_ALL: 'C' },
  })
  return stdout
}

/** Refuses what git tracks already: it would be kept twice, and ignored by neither. */
export async function refuseTracked({ path, name, repository }: Place): Promise<void> {
  if (!repository) return
  // Without git there is nothing that could track it.
  const tracked = await git(repository, 'ls-files', '-z', '--', path).catch(() => '')
  if (tracked !== '')
    throw new DatasetPlaceRefused(name, 'git tracks it', `Take it out of git first: git rm -r -q --cached ${name}`)
}

/** A pointer file of some commit. */
export interface CommittedPointer {
  readonly file: string
  readonly text: string
}

/** Every state of every pointer file in the commits that `range` selects: arguments of `git log`. */
export async function pointersInHistory(repository: string, ...range: string[]): Promise<CommittedPointer[]> {
  const log = await git(
    repository,
    ...['log', '--format=', '--raw', '-z', '--no-abbrev', '--no-renames', '-m', '--diff-filter=AMT', ...range],
    ...['--', '*.orrery.yaml'],
  )
  // `:modes old new letter`, then the path, each ended by a NUL.
  const words = log.split('\0').map((word) => word.replace(/^\n+/, ''))
  const files = new Map<string, string>()
  for (let i = 0; i + 1 < words.length; i += 2) {
    const object = words[i]!.split(' ')[3]
    if (object) files.set(object, words[i + 1]!)
  }
  return readObjects(repository, files)
}

/** Pointer files as the next commit would have them. */
export async function pointersStaged(repository: string): Promise<CommittedPointer[]> {
  const staged = await git(repository, 'ls-files', '-z', '--stage', '--', '*.orrery.yaml')
  const files = staged.split('\0').flatMap((line) => {
    const [, object, file] = /^\d+ ([0-9a-f]+) \d\t(.*)$/s.exec(line) ?? []
    return object && file ? [[object, file] as const] : []
  })
  return readObjects(repository, new Map(files))
}

async function readObjects(repository: string, files: ReadonlyMap<string, string>): Promise<CommittedPointer[]> {
  const read: CommittedPointer[] = []
  for (const [object, file] of files) read.push({ file, text: await git(repository, 'cat-file', 'blob', object) })
  return read
}
