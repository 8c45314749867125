import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { entriesOf } from './dataset.ts'
import { pointersIn } from './diff.ts'
import { GarbageUnsure } from './errors.ts'
import { pointersInHistory } from './git.ts'
import type { DataHome } from './home.ts'
import { type LedgerLine, readLedger } from './ledger.ts'
import { type Pointer, readPointer } from './pointer.ts'
import { mentionedByServer } from './server-mentions.ts'

/**
 * A server may have found a blob in the store this moment, and be about to refer to it: what was touched a while ago
 * only is taken. The server touches what it finds.
 */
const UNTOUCHED_MS = 600_000

export interface GcRequest {
  /** Remove it; only look otherwise. */
  remove: boolean
  /** The server's database where that is not in the home. */
  database?: string | undefined
}

export interface Collected {
  readonly removed: boolean
  /** Versions nothing refers to any longer. */
  readonly versions: readonly { dataset: string; version: string }[]
  readonly blobs: number
  readonly bytes: number
  /** Versions that are kept. */
  readonly kept: number
  /** Repositories that are not where they were: their versions are kept. */
  readonly lostRepositories: readonly string[]
  /** Blobs the server's rooms refer to, or that were touched just now. */
  readonly spared: number
}

/**
 * Takes out of the store what only versions had that nothing refers to: no pointer file in any commit or working tree
 * of a repository that works with this home, and nothing in the server's database.
 */
export async function collectGarbage(home: DataHome, { remove, database }: GcRequest): Promise<Collected> {
  const lock = await home.locks.collecting()
  try {
    const ledger = readLedger(home.ledger)
    const { referred, lost } = await referredVersions(ledger)
    const kept = ledger.filter((line) => referred.has(line.version) || lost.has(line.repository ?? ''))
    const keptVersions = new Set(kept.map((line) => line.version))
    const gone = [...new Map(ledger.map((line) => [line.version, line])).values()].filter(
      (line) =>
        !keptVersions.has(line.version) && existsSync(blobPlace(home.blobs, line.version.slice('sha256:'.length))),
    )
    const needed = new Set<string>()
    for (const { version, kind } of kept) for (const hash of blobsOf(home, version, kind)) needed.add(hash)
    // Also what git refers to and no line of the ledger names.
    for (const [version, kind] of referred) for (const hash of blobsOf(home, version, kind)) needed.add(hash)
    const contents = gone.map(({ version, kind }) => blobsOf(home, version, kind).filter((hash) => !needed.has(hash)))
    const mentioned = await mentionedByServer(home, new Set(contents.flat()), database)
    // A cache that knows a file whose blob is gone would keep it from being stored again: it goes before the first blob.
    if (remove && gone.length > 0) rmSync(home.statCaches, { recursive: true, force: true })
    const swept = takeOut(home, contents, mentioned, remove)
    return {
      ...{ removed: remove, versions: gone.map(({ dataset, version }) => ({ dataset, version })) },
      ...{ ...swept, kept: keptVersions.size, lostRepositories: [...lost] },
    }
  } finally {
    lock.release()
  }
}

/**
 * A version's list of files goes last, and only with all the others: without it nobody would find what is left, after a
 * kill or when a file was spared.
 */
function takeOut(
  home: DataHome,
  contents: readonly (readonly string[])[],
  mentioned: ReadonlySet<string>,
  remove: boolean,
): Pick<Collected, 'blobs' | 'bytes' | 'spared'> {
  const swept = { blobs: 0, bytes: 0, spared: 0 }
  const seen = new Map<string, 'gone' | 'fresh'>()
  const take = (hash: string): 'gone' | 'fresh' => {
    const place = blobPlace(home.blobs, hash)
    const stats = lstatSync(place, { throwIfNoEntry: false })
    if (!stats) return 'gone'
    const fresh = stats.ctimeMs > Date.now() - UNTOUCHED_MS
    if (fresh || mentioned.has(hash)) {
      swept.spared++
      return fresh ? 'fresh' : 'gone'
    }
    swept.blobs++
    swept.bytes += stats.size
    if (remove) rmSync(place)
    return 'gone'
  }
  const once = (hash: string) => {
    const state = seen.get(hash) ?? take(hash)
    seen.set(hash, state)
    return state
  }
  // Of a dataset of one file its bytes are all there is.
  const lists: string[] = []
  for (const [list, ...files] of contents) {
    const states = files.map(once)
    if (list !== undefined && !states.includes('fresh')) lists.push(list)
    else if (list !== undefined) swept.spared++
  }
  for (const list of lists) once(list)
  return swept
}

async function referredVersions(ledger: readonly LedgerLine[]) {
  const referred = new Map<string, Pointer['kind']>()
  const lost = new Set<string>()
  const refer = ({ version, kind }: Pointer) => referred.set(version, kind)
  for (const repository of new Set(ledger.map((line) => line.repository ?? null))) {
    // What was made outside of a repository has its pointer in a place nobody wrote down.
    if (repository === null || !existsSync(join(repository, '.git'))) {
      lost.add(repository ?? '')
      continue
    }
    try {
      for (const { text, file } of await pointersInHistory(repository, '--all', '--reflog'))
        refer(readPointer(text, file))
      for (const file of await pointersIn(repository, repository))
        refer(readPointer(readFileSync(join(repository, file), 'utf8'), file))
    } catch (error) {
      throw new GarbageUnsure(
        `the pointer files of ${repository} cannot be read (${(error as Error).message.split('\n')[0]})`,
        'Mend what it says and try again.',
      )
    }
  }
  return { referred, lost }
}

/** The blobs of a version, its list of files included; of one whose list is not here, only the list. */
function blobsOf(home: DataHome, version: string, kind: Pointer['kind']): string[] {
  const hash = version.slice('sha256:'.length)
  if (kind === 'file' || !existsSync(blobPlace(home.blobs, hash))) return [hash]
  const entries = entriesOf(home, { kind, version, bytes: 0 })
  return [hash, ...entries.flatMap((entry) => (entry.mode === 'link' ? [] : [entry.hash]))]
}
