import module from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Staged } from './stage.ts'
import { type Done, perform, type Work } from './stage-worker.ts'

const MOST_WORKERS = 8
/** Below both, starting threads costs more than they save. */
const FEW = 64
const LITTLE = 16 << 20

export interface Workers {
  /** Performs all of it, in any order; fails with the first failure. */
  perform(works: readonly Work[], done: (staged: Staged[], work: Work) => void): Promise<void>
  close(): Promise<void>
}

/** Threads for hashing and copying, as many as the machine has cores; none for a little work. */
export function openWorkers(load: { files: number; bytes: number }): Workers {
  if (load.files <= FEW && load.bytes <= LITTLE) return inThisThread
  const threads: Worker[] = []
  const wanted = Math.min(MOST_WORKERS, Math.max(1, availableParallelism()))
  return {
    perform: async (works, done) => {
      const queue = [...works]
      while (threads.length < Math.min(wanted, works.length)) threads.push(startThread())
      await Promise.all(threads.map((thread) => drain(thread, queue, done)))
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.terminate()))
    },
  }
}

/** A thread takes over what this one has compiled when it is told where that lies: a third of its start otherwise. */
function startThread(): Worker {
  const compiled = module.getCompileCacheDir()
  return new Worker(new URL('./stage-worker.ts', import.meta.url), {
    workerData: 'stage',
    ...(compiled && { env: { ...process.env, NODE_COMPILE_CACHE: dirname(compiled) } }),
  })
}

const inThisThread: Workers = {
  perform: async (works, done) => {
    for (const work of works) done(perform(work), work)
  },
  close: async () => {},
}

/** Handed over ahead: a thread has its next piece while this one is busy with what it made of the last. */
const AHEAD = 2
/** Nothing is to wait behind a large file while another thread has nothing to do. */
const isShort = ({ sources }: Work) => sources.length > 1

function drain(thread: Worker, queue: Work[], done: (staged: Staged[], work: Work) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const handed: Work[] = []
    const next = () => {
      while (handed.every(isShort) && handed.length < AHEAD && queue.length > 0) {
        const work = queue.shift()!
        handed.push(work)
        thread.postMessage(work)
      }
      if (handed.length === 0) end(resolve)
    }
    const onMessage = (answer: Done) => {
      if ('failed' in answer) return fail(Object.assign(new Error(), answer.failed))
      try {
        done(answer.staged, handed.shift()!)
      } catch (error) {
        return fail(error)
      }
      next()
    }
    const fail = (error: unknown) => {
      // The others finish what they have, and take no more.
      queue.length = 0
      end(() => reject(error))
    }
    const onExit = () => fail(new Error('A worker thread ended.'))
    const end = (settle: () => void) => {
      thread.off('message', onMessage)
      thread.off('error', fail)
      thread.off('exit', onExit)
      settle()
    }
    thread.on('message', onMessage)
    thread.on('error', fail)
    thread.on('exit', onExit)
    next()
  })
}
