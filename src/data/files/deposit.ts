import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inWords } from './disk-errors.ts'
import type { DataHome } from './home.ts'
import { type Outcome, openSettling } from './settle.ts'
import type { Source, Staging } from './stage.ts'
import type { Work } from './stage-worker.ts'
import { openWorkers } from './workers.ts'

/** So many are synced one by one; above, the whole file system is, in rounds. */
const SYNC_EACH = 64
/** Handed to a thread at once. */
const PIECE_FILES = 256
const PIECE_BYTES = 64e6

export interface Deposit {
  /** Where blobs are kept, and a folder for what is under way on the same file system. */
  home: Pick<DataHome, 'folder' | 'blobs' | 'arriving'>
  placement: Staging['placement']
  /** Again and again, of files that are durable by then: what was stored need not be read again. */
  stored: (outcomes: ReadonlyMap<number, Outcome>) => void
  progress: (files: number, bytes: number) => void
}

/**
 * Puts files into the store: each is read and copied aside by a thread, synced with others, and only then named; so a
 * name never has half its bytes, whenever this is killed or the power fails.
 */
export async function deposit(sources: readonly Source[], { home, placement, stored, progress }: Deposit) {
  if (sources.length === 0) return
  mkdirSync(home.blobs, { recursive: true })
  mkdirSync(home.arriving, { recursive: true })
  const folder = mkdtempSync(join(home.arriving, 'add-'))
  const bytes = sizeOf(sources)
  const workers = openWorkers({ files: sources.length, bytes })
  const staging = { blobs: home.blobs, folder, placement, syncEach: sources.length <= SYNC_EACH }
  const settling = openSettling(sources, staging, stored)
  try {
    await workers.perform(piecesOf(sources, staging), (done, { from, sources: some }) => {
      settling.take(from, done)
      progress(some.length, sizeOf(some))
    })
    await settling.finish()
  } catch (error) {
    throw inWords(error, home.folder)
  } finally {
    await workers.close()
    await settling.rest()
    rmSync(folder, { recursive: true, force: true })
  }
}

const sizeOf = (sources: readonly Source[]) => sources.reduce((sum, source) => sum + source.size, 0)

/** The longest first, so that no thread is left with it at the end. */
function piecesOf(sources: readonly Source[], staging: Staging): Work[] {
  const pieces: { work: Work; bytes: number }[] = []
  for (const [i, source] of sources.entries()) {
    const last = pieces.at(-1)
    if (last && last.work.sources.length < PIECE_FILES && last.bytes + source.size <= PIECE_BYTES) {
      last.work.sources.push(source)
      last.bytes += source.size
    } else pieces.push({ work: { from: i, sources: [source], staging }, bytes: source.size })
  }
  return pieces.sort((a, b) => b.bytes - a.bytes).map(({ work }) => work)
}
