import { parentPort, threadId, workerData } from 'node:worker_threads'
import { type Source, type Staged, type Staging, stage } from './stage.ts'

/** Files to read, the first of which is at `from` among all. */
export interface Work {
  readonly from: number
  readonly sources: Source[]
  readonly staging: Staging
}

export type Done = { readonly staged: Staged[] } | { readonly failed: unknown }

let named = 0

/** One piece of work, here or in a worker thread. */
export const perform = ({ sources, staging }: Work): Staged[] =>
  sources.map((one) => stage(one, `${threadId}-${named++}`, staging))

if (workerData === 'stage')
  parentPort?.on('message', (work: Work) => {
    let done: Done
    try {
      done = { staged: perform(work) }
    } catch (error) {
      const { code, message, syscall, path } = error as NodeJS.ErrnoException
      done = { failed: { code, message, syscall, path } }
    }
    parentPort?.postMessage(done)
  })
