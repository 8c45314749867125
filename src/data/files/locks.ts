import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { DataLocked } from './errors.ts'

const LOOK_AGAIN_MS = 100
const PATIENCE_MS = 600_000

export interface Lock {
  release(): void
}

/**
 * A lock of the operating system's through an SQLite file, as the home's own: gone with the process, `kill -9`
 * included. Several may share it, one may have it alone; who has to wait is told so once.
 */
async function hold(file: string, how: 'shared' | 'alone', waiting: () => void, what: string): Promise<Lock> {
  const until = Date.now() + PATIENCE_MS
  for (let told = false; ; ) {
    const lock = take(file, how)
    if (lock) return lock
    if (Date.now() > until) throw new DataLocked(what)
    if (!told) waiting()
    told = true
    await sleep(LOOK_AGAIN_MS)
  }
}

/** `undefined` where somebody else's lock is in the way. */
function take(file: string, how: 'shared' | 'alone'): Lock | undefined {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    if (how === 'alone') database.exec('begin exclusive')
    // A transaction that has read holds the lock that keeps writers out.
    else database.exec('begin; select count(*) from sqlite_schema')
    return { release: () => database.close() }
  } catch (error) {
    database.close()
    if (!/locked|busy/i.test(String(error))) throw error
    return undefined
  }
}

export interface Locks {
  /** One command at a time changes a dataset in a working tree. */
  dataset(path: string): Promise<Lock>
  /** Held by all who put blobs in and are about to refer to them. */
  using(): Promise<Lock>
  /** Held by who takes blobs out. */
  collecting(): Promise<Lock>
  /** The same, if nobody is at work in the store. */
  collectingNow(): Lock | undefined
}

export function openLocks(folder: string, waiting: (what: string) => void): Locks {
  mkdirSync(folder, { recursive: true })
  const store = join(folder, 'store.lock')
  return {
    dataset: (path) => {
      const name = createHash('sha256').update(path).digest('hex').slice(0, 32)
      return hold(join(folder, `dataset-${name}.lock`), 'alone', () => waiting(path), path)
    },
    using: () => hold(store, 'shared', () => waiting('the store, which is being collected'), 'this store'),
    collectingNow: () => take(store, 'alone'),
    collecting: () => hold(store, 'alone', () => waiting('the store'), 'this store'),
  }
}
