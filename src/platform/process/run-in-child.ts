import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { OrreryError } from '#platform/errors'
import { ChildCrashed, ChildTimedOut } from './errors.ts'

/** What a child tells its parent, over the process channel. */
export type ChildMessage =
  | { progress: { message: string; fraction?: number } }
  | { output: unknown }
  | { failure: { code: string; status: number; message: string; hint: string; details?: Record<string, unknown> } }

const KEPT_OUTPUT = 4_000

/** Variable that tells a child how much memory it may hold. */
export const RESIDENT_MB = 'ORRERY_CHILD_RESIDENT_MB'

/**
 * Runs heavy or risky work (training, reading an uploaded table) in a Node process of its own, so that neither its
 * CPU nor a crash touches the requests being served. `entry` is a module that calls `serveAsChild`.
 *
 * @param options.timeoutMs wall time after which the child is ended
 * @param options.memoryMb limit of the child's JavaScript heap
 * @param options.residentMb limit of all of its memory: what it runs was written by somebody
 */
export async function runInChild<Output>(
  entry: URL,
  input: unknown,
  options: {
    what: string
    timeoutMs: number
    memoryMb: number
    residentMb?: number
    signal?: AbortSignal
    onProgress?: (progress: { message: string; fraction?: number }) => void
  },
): Promise<Output> {
  options.signal?.throwIfAborted()
  const child = fork(fileURLToPath(entry), [], {
    execArgv: [`--max-old-space-size=${options.memoryMb}`, '--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    ...(options.residentMb !== undefined && {
      env: { ...process.env, [RESIDENT_MB]: String(options.residentMb) },
    }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let words = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-KEPT_OUTPUT)
    })
  }
  let ended: Error | undefined
  const end = (reason: Error) => {
    ended = reason
    child.kill('SIGKILL')
  }
  const timer = setTimeout(() => end(new ChildTimedOut(options.what, options.timeoutMs / 1000)), options.timeoutMs)
  const abort = () => end(options.signal!.reason)
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    return await new Promise<Output>((resolve, reject) => {
      let answer: { output: unknown } | undefined
      child.on('message', (message: ChildMessage) => {
        if ('progress' in message) options.onProgress?.(message.progress)
        else if ('output' in message) answer = message
        // `node --watch` talks over the same channel.
        else if ('failure' in message) ended = new OrreryError(message.failure)
      })
      child.on('error', reject)
      child.on('exit', (code, signal) => {
        if (ended) reject(ended)
        else if (answer) resolve(answer.output as Output)
        else reject(new ChildCrashed(options.what, signal ?? `exit code ${code}`, words.trim().slice(-600)))
      })
      child.send(input as never)
    })
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
  }
}
