import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { PictureUnread } from './errors.ts'
import { eachTold, type PictureBatch, type PictureDone, type PictureWork, type Told } from './told.ts'

const ENTRY = fileURLToPath(new URL('./measure-worker.ts', import.meta.url))
const BATCH = 128
/**
 * Threads that decode in a process, beside the one that computes. More of them wait for each other's locks, fewer for the one
 * thread: either costs a fifth of a small picture.
 */
const THREADS = 2
/** While some pictures are computed on, the next ones are read and wait for their thread. */
const AT_ONCE = 8
/** Longer than any picture is given by the decoder itself. */
const SILENCE_MS = 60_000

/** What became of a picture that ended the process it was decoded in. */
export type Lost = 'crashed' | 'too_slow'

/** What became of one: with `lost`, nothing else is known. */
export type DonePicture = PictureDone & { readonly hash: string; readonly lost?: Lost }

/** Processes that decode pictures. They start when there is something to do, and stay until they are closed. */
export interface Decoders {
  /**
   * Has pictures done. One that ends its process is tried alone, and when it does so again it is given up: the others go on.
   *
   * @param works taken as they are needed: there may be more than memory
   * @param done is told of each picture, in any order
   * @throws PictureUnread
   */
  done(works: Iterable<PictureWork>, done: (done: DonePicture) => void, signal?: AbortSignal): Promise<void>
  close(): void
}

export function openDecoders(): Decoders {
  const most = Math.max(1, Math.ceil(availableParallelism() / THREADS))
  const children = new Set<Child>()
  const idle: Child[] = []
  const start = (): Child => {
    const child = openChild()
    children.add(child)
    return child
  }
  const kill = (child: Child) => {
    child.kill()
    children.delete(child)
  }

  async function work(
    first: readonly PictureWork[],
    { next, done, signal }: { next: () => PictureWork[]; done: (done: DonePicture) => void; signal?: AbortSignal },
  ): Promise<void> {
    let child = idle.pop() ?? start()
    /** A process that ended, or is about to, is followed by another one. */
    const renew = () => {
      kill(child)
      child = start()
    }
    for (let batch = first; batch.length > 0; batch = next()) {
      signal?.throwIfAborted()
      let left = await child.run(batch, { more: next, atOnce: AT_ONCE, done })
      if (left.length === 0) continue
      renew()
      // Somebody of these ended the process: one after the other tells who.
      while (left.length > 0) {
        signal?.throwIfAborted()
        const [one, ...others] = left
        const alone = await child.run([one!], { more: () => [], atOnce: 1, done })
        if (alone.length > 0) {
          done({ hash: one!.hash, lost: child.silent() ? 'too_slow' : 'crashed' })
          renew()
        }
        left = others
      }
    }
    idle.push(child)
  }

  const killAll = () => {
    for (const child of children) kill(child)
    idle.length = 0
  }
  return {
    done: async (works, done, signal) => {
      const queue = works[Symbol.iterator]()
      const next = () => taken(queue, BATCH)
      signal?.throwIfAborted()
      signal?.addEventListener('abort', killAll, { once: true })
      try {
        const working: Promise<void>[] = []
        while (working.length < most) {
          const first = next()
          if (first.length === 0) break
          working.push(work(first, { next, done, ...(signal && { signal }) }))
        }
        await Promise.all(working)
        signal?.throwIfAborted()
      } catch (error) {
        killAll()
        throw error
      } finally {
        signal?.removeEventListener('abort', killAll)
      }
    },
    close: () => {
      for (const child of children) child.end()
      children.clear()
      idle.length = 0
    },
  }
}

function taken(queue: Iterator<PictureWork>, most: number): PictureWork[] {
  const batch: PictureWork[] = []
  while (batch.length < most) {
    const { value, done } = queue.next()
    if (done) break
    batch.push(value)
  }
  return batch
}

type Child = ReturnType<typeof openChild>

function openChild() {
  let child: ChildProcess | undefined
  let silent = false
  const start = () =>
    fork(ENTRY, [], {
      // Pixels are behind small objects: a small space for those is emptied, and the pixels with it, before they are many.
      execArgv: ['--max-old-space-size=512', '--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS), NODE_COMPILE_CACHE: getCompileCacheDir() },
      serialization: 'advanced',
      // Decoders warn there of every odd file; a pipe that nobody reads would stop them.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  return {
    silent: () => silent,
    kill: () => void child?.kill('SIGKILL'),
    /** It has nothing to do, and ends by itself. */
    end: () => child?.connected && child.disconnect(),
    /**
     * @param how.more is asked for the next ones before these are all done, so that the process never waits
     * @returns those that were not done when the process ended
     */
    run: (
      works: readonly PictureWork[],
      { more, atOnce, done }: { more: () => PictureWork[]; atOnce: number; done: (done: DonePicture) => void },
    ): Promise<PictureWork[]> =>
      new Promise((resolve, reject) => {
        child ??= start()
        const running = child
        const left = new Map<number, PictureWork>()
        let sent = 0
        const send = (some: readonly PictureWork[]) => {
          const batch: PictureBatch = { works: some.map((one) => ({ ...one, at: sent++ })), atOnce }
          for (const one of batch.works) left.set(one.at, one)
          if (some.length > 0) running.send(batch as never, () => {})
        }
        const alarm = setTimeout(() => {
          silent = true
          running.kill('SIGKILL')
        }, SILENCE_MS)
        const over = () => {
          clearTimeout(alarm)
          running.removeAllListeners()
          resolve([...left.values()])
        }
        const fail = (error: unknown) => {
          clearTimeout(alarm)
          running.removeAllListeners()
          reject(error)
        }
        running.on('message', (message: Told) => {
          alarm.refresh()
          try {
            for (const [at, one] of eachTold(message)) {
              const { hash, path } = left.get(at)!
              if (one.unread) throw new PictureUnread(path, one.unread)
              left.delete(at)
              done({ ...one, hash })
            }
            if (left.size < BATCH) send(more())
          } catch (error) {
            return fail(error)
          }
          if (left.size === 0) over()
        })
        running.on('error', fail)
        running.on('exit', over)
        send(works)
      }),
  }
}
