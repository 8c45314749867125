import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { inWords } from './disk-errors.ts'
import { makeFolders } from './durable.ts'
import { type Locks, openLocks } from './locks.ts'

/** The parts of a home folder that datasets of files use. The server's blobs are the same folder. */
export interface DataHome {
  readonly folder: string
  readonly blobs: string
  /** For files under way, on the file system of the blobs. */
  readonly arriving: string
  readonly statCaches: string
  /** Every version that was made or brought here, one line each; the server reads it. */
  readonly ledger: string
  readonly locks: Locks
}

/** The folder of a git repository that holds `from`; `undefined` outside of one. */
export function repositoryOf(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/** `--home`, then ORRERY_HOME, then `.orrery` at the root of the repository, so that it is the same in all its folders. */
export function homeFor(cwd: string, flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const written = flag || env.ORRERY_HOME
  return written ? resolve(cwd, written) : join(repositoryOf(cwd) ?? cwd, '.orrery')
}

/** Opens the home without taking it: a server may be working with it. */
export function openDataHome(folder: string, waiting: (what: string) => void = () => {}): DataHome {
  try {
    return openParts(folder, waiting)
  } catch (error) {
    throw inWords(error, folder)
  }
}

function openParts(folder: string, waiting: (what: string) => void): DataHome {
  const data = join(folder, 'data')
  const arriving = join(data, 'arriving')
  if (!existsSync(arriving)) {
    makeFolders(arriving)
    // A home inside a repository is nobody's to commit; the repository's own .gitignore stays as it is.
    const ignore = join(folder, '.gitignore')
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n')
  }
  const locks = openLocks(join(data, 'locks'), waiting)
  sweep(arriving, locks)
  return {
    folder,
    blobs: join(folder, 'blobs'),
    arriving,
    statCaches: join(data, 'stat'),
    ledger: join(data, 'versions.jsonl'),
    locks,
  }
}

/** What a kill left under way is nobody's: removed as soon as nobody is at work. */
function sweep(arriving: string, locks: Locks): void {
  const left = readdirSync(arriving)
  if (left.length === 0) return
  const lock = locks.collectingNow()
  if (!lock) return
  try {
    for (const name of left) rmSync(join(arriving, name), { recursive: true, force: true })
  } finally {
    lock.release()
  }
}
