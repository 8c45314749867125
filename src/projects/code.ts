import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { glob, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CodeVersion } from './code.contract.ts'

const run = promisify(execFile)

/** Code is small; what is larger is data, and data has versions of its own. */
const LARGEST_CODE_FILE = 256 * 1024
const MOST_FILES = 2_000
const CODE = '**/*.{yaml,yml,md,py,ts,js,sql,toml,lock,txt,sh}'
const NOT_CODE = ['node_modules', '.git', '.orrery', '.venv', '__pycache__']

/** The commit of a project folder, whether it has uncommitted changes, and a hash of its code either way. */
export async function readCodeVersion(folder: string): Promise<CodeVersion> {
  const [commit, changes, contentHash] = await Promise.all([
    git(folder, 'rev-parse', 'HEAD'),
    git(folder, 'status', '--porcelain', '--', '.'),
    hashOfCode(folder),
  ])
  return { commit: commit || null, dirty: commit ? changes !== '' : false, contentHash }
}

/** What git says, or nothing: no git, no repository and no commit are all "no commit". */
async function git(folder: string, ...args: string[]): Promise<string> {
  return run('git', args, { cwd: folder, timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  )
}

async function hashOfCode(folder: string): Promise<string> {
  const paths: string[] = []
  for await (const path of glob(CODE, { cwd: folder, exclude: (name) => NOT_CODE.includes(name) })) {
    paths.push(path)
    if (paths.length >= MOST_FILES) break
  }
  const hash = createHash('sha256')
  for (const path of paths.sort()) {
    const place = join(folder, path)
    if ((await stat(place)).size > LARGEST_CODE_FILE) continue
    hash
      .update(path)
      .update('\0')
      .update(await readFile(place))
      .update('\0')
  }
  return `sha256:${hash.digest('hex')}`
}
