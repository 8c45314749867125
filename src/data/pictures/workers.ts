import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { PictureUnread } from './errors.ts'
import { eachTold, type PictureBatch, type PictureDone, type PictureWork, type Told } from './told.ts'

const ENTRY = fileURLToPath(new URL('./measure-worker.ts', import.meta.url))
const BATCH = 128
/** While one picture is computed on, the next one is read and decoded. */
const AT_ONCE = 2
/** Longer than any picture is given by the decoder itself. */
const SILENCE_MS = 60_000

/** What became of a picture that ended the process it was decoded in. */
export type Lost = 'crashed' | 'too_slow'

/** What became of one: with `lost`, nothing else is known. */
export type DonePicture = PictureDone & { readonly hash: string; readonly lost?: Lost }

/**
 * Has pictures done by processes, as many as there are cores. One that ends its process is tried alone, and when it
 * does so again it is given up: the others go on.
 *
 * @param works taken as they are needed: there may be more than memory
 * @param done is told of each picture, in any order
 * @throws PictureUnread
 */
export async function donePictures(
  works: Iterable<PictureWork>,
  done: (done: DonePicture) => void,
  signal?: AbortSignal,
): Promise<void> {
  const queue = works[Symbol.iterator]()
  const children = new Set<Child>()
  const stop = () => {
    for (const child of children) child.end()
  }

  async function work(first: readonly PictureWork[]): Promise<void> {
    let child = openChild()
    children.add(child)
    /** A process that ended, or is about to, is followed by another one. */
    const renew = () => {
      child.end()
      children.delete(child)
      child = openChild()
      children.add(child)
    }
    for (let batch = first; batch.length > 0; batch = taken(queue, BATCH)) {
      signal?.throwIfAborted()
      let left = await child.run(batch, { more: () => taken(queue, BATCH), atOnce: AT_ONCE, done })
      if (left.length === 0) continue
      renew()
      // Somebody of these ended the process: one after the other tells who.
      while (left.length > 0) {
        signal?.throwIfAborted()
        const [first, ...others] = left
        const alone = await child.run([first!], { more: () => [], atOnce: 1, done })
        if (alone.length > 0) {
          done({ hash: first!.hash, lost: child.silent() ? 'too_slow' : 'crashed' })
          renew()
        }
        left = others
      }
    }
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const working: Promise<void>[] = []
    while (working.length < availableParallelism()) {
      const first = taken(queue, BATCH)
      if (first.length === 0) break
      working.push(work(first))
    }
    await Promise.all(working)
    signal?.throwIfAborted()
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
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
      execArgv: ['--max-old-space-size=512', '--disable-warning=ExperimentalWarning'],
      // Pictures at the same time are in several processes; threads that wait for each other's locks cost a fifth more.
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
      serialization: 'advanced',
      // Decoders warn there of every odd file; a pipe that nobody reads would stop them.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  return {
    silent: () => silent,
    end: () => void child?.kill('SIGKILL'),
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
