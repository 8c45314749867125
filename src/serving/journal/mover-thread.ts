import { Worker } from 'node:worker_threads'
import type { OtherThread } from '#platform/storage'
import type { Mover, Moved } from './move.ts'
import type { MoveReply } from './move-worker.ts'

export interface MoverThread {
  /** Makes it ready: that takes some hundred milliseconds. */
  start(): unknown
  /** One at a time. @throws what went wrong there; the thread is started anew for the next if it ended */
  readonly move: Mover
  close(): Promise<void>
}

interface Thread {
  readonly worker: Worker
  readonly ready: Promise<void>
}

/** The other thread that writes to the database; started when there is something to move. */
export function openMoverThread({ options, turn }: OtherThread): MoverThread {
  let thread: Thread | undefined
  let asked: { resolve(moved: Moved): void; reject(error: Error): void } | undefined

  function startThread(): Thread {
    const worker = new Worker(new URL('./move-worker.ts', import.meta.url), {
      workerData: options,
      // What one move reads dies before the collector comes.
      resourceLimits: { maxYoungGenerationSizeMb: 24 },
    })
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    worker.on('message', (reply: MoveReply) => {
      if (reply === 'ready') return resolve()
      if ('moved' in reply) asked?.resolve(reply.moved)
      else asked?.reject(new Error(reply.failed))
    })
    const ended = (error: Error) => {
      if (thread?.worker === worker) thread = undefined
      reject(error)
      asked?.reject(error)
    }
    worker.on('error', ended)
    worker.on('exit', (code) => ended(new Error(`the thread that moves the log ended with ${code}`)))
    // Who needs it asks again.
    ready.catch(() => {})
    worker.unref()
    return { worker, ready }
  }

  const start = () => (thread ??= startThread())

  return {
    start,
    move: async (request) => {
      const { worker, ready } = start()
      // It keeps the process only while it is asked something.
      worker.ref()
      try {
        await ready
        return await turn(
          () =>
            new Promise<Moved>((resolve, reject) => {
              asked = { resolve, reject }
              worker.postMessage(request)
            }),
        )
      } finally {
        asked = undefined
        worker.unref()
      }
    },
    close: async () => {
      if (!thread) return
      const { worker } = thread
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      worker.ref()
      worker.postMessage('close')
      await ended
    },
  }
}
