import { dirname } from 'node:path'
import { setImmediate as breath } from 'node:timers/promises'
import { blobPlace } from '#platform/blobs'
import { syncFileSystem, syncPath } from './durable.ts'
import { publish, type Source, type Staged, type Staging } from './stage.ts'
import type { Facts } from './walk.ts'

/** A round begins when so much waits for it: what a crash loses is read again. */
const ROUND_FILES = 4096
const ROUND_BYTES = 256e6
/** Named before others have their turn on this thread: the readers want to be handed their next piece. */
const AT_ONCE = 256

/** What became of each file, in the order they were given. */
export type Outcome =
  | { readonly state: 'stored'; readonly hash: string; readonly isNew: boolean; readonly facts: Facts }
  | { readonly state: 'changed' }
  | { readonly state: 'unreadable'; readonly why: string }
  | { readonly state: 'altered'; readonly hash: string }

type ToName = readonly [number, Source, Staged]

export interface Settling {
  /** Files that have been read; throws what a round failed with. */
  take(from: number, staged: readonly Staged[]): void
  /** All that was taken is durable under its name when it resolves. */
  finish(): Promise<void>
  /** Nothing is under way any longer when it resolves. */
  rest(): Promise<void>
}

/**
 * Gives what was read its names, in rounds beside the reading of others: the disk is busy while the processor is. A
 * round syncs the file system, which makes the bytes of this round and the names of the one before durable, and then
 * names what it synced; so a name never has half its bytes.
 *
 * @param stored told of files whose names are durable
 */
export function openSettling(
  sources: readonly Source[],
  staging: Staging,
  stored: (outcomes: ReadonlyMap<number, Outcome>) => void,
): Settling {
  let waiting: ToName[] = []
  let bytes = 0
  let settled = new Map<number, Outcome>()
  let namesOnTheirWay = false
  let round: Promise<void> | undefined
  let failure: { readonly error: unknown } | undefined

  async function performRound(): Promise<void> {
    const [batch, before] = [waiting, settled]
    ;[waiting, bytes, settled] = [[], 0, new Map()]
    const wasWhole = !staging.syncEach && (await syncFileSystem(staging.folder))
    if (!wasWhole) syncBytes(batch, staging)
    namesOnTheirWay = false
    if (before.size > 0) stored(before)
    for (const [n, [i, source, staged]] of batch.entries()) {
      settled.set(i, outcomeOf(staged, publish(source, staged, staging.blobs)))
      if (n % AT_ONCE === AT_ONCE - 1) await breath()
    }
    if (wasWhole) namesOnTheirWay = batch.length > 0
    else syncNames(batch, staging)
  }

  return {
    take: (from, some) => {
      if (failure) throw failure.error
      for (const [n, staged] of some.entries()) {
        const source = sources[from + n]!
        if (staged.state !== 'aside' && staged.state !== 'linkable') {
          settled.set(from + n, outcomeOf(staged, source))
          continue
        }
        waiting.push([from + n, source, staged])
        bytes += source.size
      }
      // A few are synced one by one, when all are there.
      if (round || staging.syncEach || (waiting.length < ROUND_FILES && bytes < ROUND_BYTES)) return
      round = performRound()
        .catch((error) => {
          failure = { error }
        })
        .finally(() => {
          round = undefined
        })
    },
    finish: async () => {
      await round
      if (failure) throw failure.error
      while (waiting.length > 0 || namesOnTheirWay) await performRound()
      stored(settled)
    },
    rest: async () => {
      await round
    },
  }
}

/** @param facts of the source from here on; `undefined` where it changed since it was read */
function outcomeOf(staged: Staged, facts: Facts | undefined): Outcome {
  if (staged.state === 'changed' || staged.state === 'unreadable' || staged.state === 'altered') return staged
  if (!facts) return { state: 'changed' }
  const { size, mtime, ctime, inode } = facts
  return { state: 'stored', hash: staged.hash, isNew: staged.state !== 'present', facts: { size, mtime, ctime, inode } }
}

/** Copies were synced by their readers where they are few; the bytes of a linked file may still be on their way. */
function syncBytes(batch: readonly ToName[], { syncEach, placement }: Staging): void {
  for (const [, source, staged] of batch) {
    if (staged.state === 'linkable') syncPath(source.absolute)
    else if (staged.state === 'aside' && (!syncEach || placement !== 'copy')) syncPath(staged.aside)
  }
}

function syncNames(batch: readonly ToName[], { blobs }: Staging): void {
  if (batch.length === 0) return
  for (const folder of new Set(
    batch.flatMap(([, , staged]) => ('hash' in staged ? [dirname(blobPlace(blobs, staged.hash))] : [])),
  ))
    syncPath(folder)
  // A folder that was made for them has to be found as well.
  syncPath(blobs)
}
