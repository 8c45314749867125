import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { type Frame, readFrames, writeFrame } from './frames.ts'

/** How to start a process that speaks in frames over its file descriptor 3. */
export interface HostCommand {
  readonly command: string
  readonly args: readonly string[]
  /** All its variables: what a model's own code runs with is not ours to see. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/** Why a process did not answer a request: it was at it when it ended or was ended, or had not come to it. */
export class HostEnded extends Error {
  readonly how: 'crashed' | 'timed out' | 'not started'

  constructor(how: HostEnded['how'], message: string) {
    super(message)
    this.how = how
  }
}

/** A process that answers one request after the other, in the order in which they come. */
export interface Host {
  readonly pid: number | undefined
  /**
   * @param deadlineMs counts from when the process comes to it; past that the process is killed
   * @throws HostEnded
   */
  request(header: Record<string, unknown>, parts: readonly Uint8Array[], deadlineMs: number): Promise<Frame>
  /** Kills it. */
  end(): void
  /** Resolves when it is gone. */
  readonly ended: Promise<void>
  /** Whether it keeps this process alive while nothing is asked of it. */
  keepAlive(yes: boolean): void
}

interface Pending {
  readonly deadlineMs: number
  readonly resolve: (frame: Frame) => void
  readonly reject: (error: HostEnded) => void
}

const KEPT_WORDS = 2_000

export function startHost({ command, args, env, cwd }: HostCommand): Host {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'], windowsHide: true })
  preferAsVictim(child)
  const channel = child.stdio[3] as Duplex
  const pending: Pending[] = []
  let deadline: NodeJS.Timeout | undefined
  let ending: { how: 'crashed' | 'timed out'; message: string } | undefined
  let gone = false
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-KEPT_WORDS)
    })

  readFrames(
    channel,
    (frame) => {
      pending.shift()?.resolve(frame)
      watchFirst()
    },
    (reason) => kill('crashed', reason),
  )
  // What could not be written is told by its end.
  channel.on('error', () => {})
  ;(child.stdio[4] as Duplex).on('error', () => {})

  const ended = new Promise<void>((resolve) => {
    const over = (how: string) => {
      if (gone) return
      gone = true
      clearTimeout(deadline)
      const last = words.trim().split('\n').at(-1)?.slice(0, 300)
      const { how: why, message } = ending ?? { how: 'crashed', message: `${how}${last ? `: ${last}` : ''}` }
      const [first, ...others] = pending.splice(0)
      first?.reject(new HostEnded(why, message))
      for (const { reject } of others) reject(new HostEnded('not started', message))
      resolve()
    }
    child.on('error', (error) => over(error.message))
    child.on('close', (code, signal) => over(signal ?? `exit code ${code}`))
  })

  function kill(how: 'crashed' | 'timed out', message: string): void {
    ending ??= { how, message }
    child.kill('SIGKILL')
  }

  /** Starts the clock of the request that the process is at now. */
  function watchFirst(): void {
    clearTimeout(deadline)
    const [first] = pending
    if (!first) return
    const seconds = first.deadlineMs / 1000
    deadline = setTimeout(() => kill('timed out', `no answer within ${seconds} s`), first.deadlineMs)
  }

  return {
    pid: child.pid,
    ended,
    request: (header, parts, deadlineMs) => {
      const { promise, resolve, reject } = Promise.withResolvers<Frame>()
      if (gone || ending) reject(new HostEnded('not started', 'its process is gone'))
      else {
        pending.push({ deadlineMs, resolve, reject })
        if (pending.length === 1) watchFirst()
        writeFrame(channel, header, parts)
      }
      return promise
    },
    end: () => kill('crashed', 'it was ended'),
    keepAlive: (yes) => {
      for (const one of [child, ...child.stdio] as ({ ref?(): void; unref?(): void } | null)[])
        if (yes) one?.ref?.()
        else one?.unref?.()
    },
  }
}

/** When memory runs out, Linux ends the process of a model and not the gateway. */
function preferAsVictim({ pid }: ChildProcess): void {
  if (process.platform !== 'linux' || pid === undefined) return
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '900')
  } catch {
    // It is gone already, or this is a container that does not allow it: then it is one of many.
  }
}
