import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { PictureUnread } from './errors.ts'
import type { PictureBatch, PictureDone, PictureWork } from './measure-worker.ts'

const ENTRY = fileURLToPath(new URL('./measure-worker.ts', import.meta.url))
const BATCH = 128
/** While one picture is computed on, the next ones are read and decoded. */
const AT_ONCE = 3
/** Longer than any picture is given by the decoder itself. */
const SILENCE_MS = 60_000

/** What became of a picture that ended the process it was decoded in. */
export type Lost = 'crashed' | 'too_slow'

/**
 * Has pictures done by processes, as many as there are cores. One that ends its process is tried alone, and when it
 * does so again it is given up: the others go on.
 *
 * @param done is told of each picture, in any order
 */
export async function donePictures(
  works: readonly PictureWork[],
  done: (done: PictureDone | { hash: string; lost: Lost }) => void,
  signal?: AbortSignal,
): Promise<void> {
  const batches = Array.from({ length: Math.ceil(works.length / BATCH) }, (_, i) =>
    works.slice(i * BATCH, (i + 1) * BATCH),
  ).values()
  const processes = Math.min(availableParallelism(), Math.ceil(works.length / BATCH))
  const children = new Set<Child>()
  const open = (): Child => {
    const child = openChild()
    children.add(child)
    return child
  }
  const stop = () => {
    for (const child of children) child.end()
  }

  async function work(): Promise<void> {
    let child = open()
    /** A process that ended, or is about to, is followed by another one. */
    const renew = () => {
      child.end()
      children.delete(child)
      child = open()
    }
    for (const batch of batches) {
      signal?.throwIfAborted()
      let left = await child.run(batch, AT_ONCE, done)
      if (left.length === 0) continue
      renew()
      // Somebody of these ended the process: one after the other tells who.
      while (left.length > 0) {
        signal?.throwIfAborted()
        const [first, ...others] = left
        const alone = await child.run([first!], 1, done)
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
    await Promise.all(Array.from({ length: processes }, work))
    signal?.throwIfAborted()
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

type Child = ReturnType<typeof openChild>

function openChild() {
  let child: ChildProcess | undefined
  let silent = false
  const start = () =>
    fork(ENTRY, [], {
      execArgv: ['--max-old-space-size=512', '--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  return {
    silent: () => silent,
    end: () => void child?.kill('SIGKILL'),
    /** @returns those that were not done when the process ended */
    run: (works: readonly PictureWork[], atOnce: number, done: (done: PictureDone) => void): Promise<PictureWork[]> =>
      new Promise((resolve, reject) => {
        child ??= start()
        const running = child
        const left = new Map(works.map((one) => [one.hash, one]))
        const alarm = setTimeout(() => {
          silent = true
          running.kill('SIGKILL')
        }, SILENCE_MS)
        const over = () => {
          clearTimeout(alarm)
          running.removeAllListeners()
          resolve([...left.values()])
        }
        running.on('message', (message: readonly PictureDone[] | 'done') => {
          alarm.refresh()
          if (message === 'done') return over()
          for (const one of message) {
            if (one.unread) return reject(new PictureUnread(left.get(one.hash)!.path, one.unread))
            left.delete(one.hash)
            done(one)
          }
        })
        running.on('error', reject)
        running.on('exit', over)
        const batch: PictureBatch = { works, atOnce }
        running.send(batch as never, () => {})
      }),
  }
}
