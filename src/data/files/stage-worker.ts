import { parentPort, threadId, workerData } from 'node:worker_threads'
import { publish, type Source, type Staged, type Staging, stage } from './stage.ts'
import type { Facts } from './walk.ts'

export type Work =
  | { kind: 'stage'; from: number; sources: Source[]; staging: Staging }
  | { kind: 'publish'; from: number; sources: Source[]; staged: Staged[]; blobs: string }

export type Done =
  | { from: number; staged: Staged[] }
  | { from: number; published: (Facts | undefined)[] }
  | { failed: unknown }

let named = 0

/** One piece of work, here or in a worker thread. */
export function perform(work: Work): Done {
  const { from, sources } = work
  if (work.kind === 'stage')
    return { from, staged: sources.map((one) => stage(one, `${threadId}-${named++}`, work.staging)) }
  return { from, published: sources.map((one, i) => publish(one, work.staged[i]!, work.blobs)) }
}

if (workerData === 'stage')
  parentPort?.on('message', (work: Work) => {
    let done: Done
    try {
      done = perform(work)
    } catch (error) {
      const { code, message, syscall, path } = error as NodeJS.ErrnoException
      done = { failed: { code, message, syscall, path } }
    }
    parentPort?.postMessage(done)
  })
