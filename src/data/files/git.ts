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
