import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { blobPlace } from '#platform/blobs'
import { syncFileSystem, syncPath } from './durable.ts'
import { DataDiskFull } from './errors.ts'
import type { DataHome } from './home.ts'
import type { Source, Staged, Staging } from './stage.ts'
import type { Done, Work } from './stage-worker.ts'
import type { Facts } from './walk.ts'
import { openWorkers, type Workers } from './workers.ts'

/** So many are synced one by one; above, the whole file system is, once. */
const SYNC_EACH = 64
/** What is lost by a crash is at most one batch: it is read again. */
const BATCH_FILES = 25_000
const BATCH_BYTES = 16e9
/** Handed to a thread at once. */
const PIECE_FILES = 256
const PIECE_BYTES = 64e6

/** What became of each file, in the order they were given. */
export type Outcome =
  | { readonly state: 'stored'; readonly hash: string; readonly isNew: boolean; readonly facts: Facts }
  | { readonly state: 'changed' }
  | { readonly state: 'unreadable'; readonly why: string }
  | { readonly state: 'altered'; readonly hash: string }

export interface Deposit {
  /** Where blobs are kept, and a folder for what is under way on the same file system. */
  home: Pick<DataHome, 'folder' | 'blobs' | 'arriving'>
  placement: Staging['placement']
  /** After each batch, durable by then: what was stored need not be read again. */
  stored: (outcomes: ReadonlyMap<number, Outcome>) => void
  progress: (files: number, bytes: number) => void
}

/**
 * Puts files into the store in batches: all of a batch is read and copied aside, synced, and only then named; so a name
 * never has half its bytes, whenever this is killed or the power fails.
 */
export async function deposit(sources: readonly Source[], { home, placement, stored, progress }: Deposit) {
  if (sources.length === 0) return
  mkdirSync(home.blobs, { recursive: true })
  mkdirSync(home.arriving, { recursive: true })
  const folder = mkdtempSync(join(home.arriving, 'add-'))
  const bytes = sources.reduce((sum, source) => sum + source.size, 0)
  const workers = openWorkers({ files: sources.length, bytes })
  try {
    for (const batch of batchesOf(sources, BATCH_FILES, BATCH_BYTES)) {
      const staging = { blobs: home.blobs, folder, placement, syncEach: batch.sources.length <= SYNC_EACH }
      stored(await depositBatch(batch, staging, workers, progress))
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DataDiskFull(home.folder, error)
    throw error
  } finally {
    await workers.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Piece {
  from: number
  sources: Source[]
}

async function depositBatch(
  batch: Piece,
  staging: Staging,
  workers: Workers,
  progress: Deposit['progress'],
): Promise<Map<number, Outcome>> {
  const staged: Staged[] = new Array(batch.sources.length)
  const pieces = batchesOf(batch.sources, PIECE_FILES, PIECE_BYTES)
  // The longest first, so that no thread is left with it at the end.
  const stageWork: Work[] = pieces
    .toSorted((a, b) => sizeOf(b) - sizeOf(a))
    .map((piece) => ({ kind: 'stage', staging, ...piece }))
  await workers.perform(stageWork, (done, work) => {
    if (!('staged' in done)) return
    for (const [i, one] of done.staged.entries()) staged[done.from + i] = one
    progress(work.sources.length, sizeOf(work))
  })
  const toName = staged.flatMap((one, i) => (one.state === 'aside' || one.state === 'linkable' ? [i] : []))
  if (toName.length > 0)
    await syncStaged(
      staging,
      toName.map((i) => [batch.sources[i]!, staged[i]!] as const),
    )
  const published = await publishAll(batch.sources, staged, staging.blobs, workers)
  const outcomes = new Map<number, Outcome>()
  for (const [i, one] of staged.entries()) outcomes.set(batch.from + i, outcomeOf(one, published[i]))
  if (toName.length > 0)
    await syncNames(
      staging,
      toName.map((i) => staged[i]!),
    )
  return outcomes
}

function outcomeOf(staged: Staged, facts: Facts | undefined): Outcome {
  if (staged.state === 'changed' || staged.state === 'unreadable' || staged.state === 'altered') return staged
  if (!facts) return { state: 'changed' }
  return { state: 'stored', hash: staged.hash, isNew: staged.state !== 'present', facts }
}

async function publishAll(sources: Source[], staged: Staged[], blobs: string, workers: Workers) {
  const published: (Facts | undefined)[] = new Array(sources.length)
  const works: Work[] = batchesOf(sources, PIECE_FILES * 8, Number.POSITIVE_INFINITY).map(
    ({ from, sources: some }) => ({
      kind: 'publish',
      from,
      sources: some,
      staged: staged.slice(from, from + some.length),
      blobs,
    }),
  )
  await workers.perform(works, (done: Done) => {
    if ('published' in done) for (const [i, one] of done.published.entries()) published[done.from + i] = one
  })
  return published
}

/** Copies were synced one by one where they are few; the bytes of a linked file may still be on their way to the disk. */
async function syncStaged(staging: Staging, files: readonly (readonly [Source, Staged])[]): Promise<void> {
  if (!staging.syncEach && (await syncFileSystem(staging.folder))) return
  for (const [source, staged] of files) {
    if (staged.state === 'linkable') syncPath(source.absolute)
    else if (staged.state === 'aside' && (!staging.syncEach || staging.placement !== 'copy')) syncPath(staged.aside)
  }
}

async function syncNames({ blobs, syncEach }: Staging, staged: readonly Staged[]): Promise<void> {
  if (!syncEach && (await syncFileSystem(blobs))) return
  const folders = new Set(staged.flatMap((one) => ('hash' in one ? [dirname(blobPlace(blobs, one.hash))] : [])))
  for (const folder of folders) syncPath(folder)
  // A folder that was made for them has to be found as well.
  syncPath(blobs)
}

const sizeOf = (piece: { sources: readonly Source[] }) => piece.sources.reduce((sum, source) => sum + source.size, 0)

function batchesOf(sources: readonly Source[], mostFiles: number, mostBytes: number): Piece[] {
  const batches: Piece[] = []
  let bytes = 0
  for (const [i, source] of sources.entries()) {
    const last = batches.at(-1)
    if (last && last.sources.length < mostFiles && bytes + source.size <= mostBytes) {
      last.sources.push(source)
      bytes += source.size
    } else {
      batches.push({ from: i, sources: [source] })
      bytes = source.size
    }
  }
  return batches
}
