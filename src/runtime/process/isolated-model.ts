import type { TensorSpec } from '../contract.ts'
import { ModelBroken, ModelBusy, ModelCrashed, ModelFailed, ModelResting, ModelTimedOut } from '../errors.ts'
import { checkTensors, checkWanted, type Tensor } from '../tensor.ts'
import type { TensorModel } from '../tensor-model.ts'
import { createBreaker } from './breaker.ts'
import { type Frame, packTensors, type TensorPart, unpackTensors } from './frames.ts'
import type { Host, HostEnded } from './host.ts'

export interface ProcessLimits {
  /** A run takes at most this long, from when the process comes to it. */
  readonly runMs: number
  /** Opening the model. */
  readonly openMs: number
  /** Runs that wait; more are refused. */
  readonly mostWaiting: number
  /** Memory of its process, above which it is replaced between two runs. */
  readonly memoryBytes: number
}

/** 30 s: longer than a caller waits. 64 runs: what waits longer than that is better told so. 4 GiB: a large network. */
export const PROCESS_LIMITS: ProcessLimits = {
  runMs: 30_000,
  openMs: 120_000,
  mostWaiting: 64,
  memoryBytes: 4 * 1024 ** 3,
}

/** What happened to a model's process, for the log. */
export type ProcessEvent =
  | { readonly what: 'ended'; readonly why: string }
  | { readonly what: 'replaced'; readonly why: string }
  | { readonly what: 'resting'; readonly seconds: number; readonly why: string }

/** What a process says of the model that it opened. */
export interface Opened {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly bytes: number
  readonly microseconds: number | null
  readonly problem?: string
  /** Resident memory of the process, bytes. */
  readonly rss?: number
}

interface Job {
  readonly header: Record<string, unknown>
  readonly parts: readonly Uint8Array[]
  readonly resolve: (frame: Frame) => void
  readonly reject: (error: Error) => void
}

/** One is computed while the next is already there: between two runs the process waits for nobody. */
const MOST_SENT = 2

/**
 * A model in a process of its own: a run that crashes or hangs costs its own request and a new process; runs that wait are
 * answered by that. A process that ends again and again is left alone for a while.
 *
 * @param start starts a process and opens the model in it
 */
export function isolatedModel(
  name: string,
  { inputs, outputs, bytes, microseconds, rss: openedRss }: Opened,
  first: Host,
  start: () => Promise<Host>,
  limits: ProcessLimits,
  onEvent: (event: ProcessEvent) => void,
): TensorModel {
  const everything = outputs.map((output) => output.name)
  const breaker = createBreaker()
  const waiting: Job[] = []
  let host: Host | undefined
  let resident = openedRss
  let sent = 0
  let starting = false
  let retry: NodeJS.Timeout | undefined
  /** Why the process is to be replaced as soon as nothing is under way in it. */
  let outgrown: string | undefined
  let closing: Promise<void> | undefined
  let closed = false
  let idle: (() => void) | undefined

  function use(next: Host): void {
    host = next
    void next.ended.then(() => {
      if (host === next) lost('its process ended')
    })
    pump()
  }

  /** The process is gone or is to go: another takes its place, unless that happened too often. */
  function lost(why: string): void {
    host = undefined
    outgrown = undefined
    if (closed) return
    const restSeconds = breaker.failed(performance.now())
    if (restSeconds === 0) void restart()
    else rest(restSeconds, why)
  }

  async function restart(): Promise<void> {
    if (starting) return
    starting = true
    let failure: unknown
    try {
      const next = await start()
      if (closed) next.end()
      else use(next)
    } catch (error) {
      failure = error
    } finally {
      starting = false
    }
    if (failure) lost(failure instanceof Error ? failure.message : String(failure))
  }

  function rest(seconds: number, why: string): void {
    onEvent({ what: 'resting', seconds, why })
    for (const job of waiting.splice(0)) job.reject(new ModelResting(name, why, seconds))
    clearTimeout(retry)
    retry = setTimeout(() => {
      retry = undefined
      void restart()
    }, 1000 * seconds)
    retry.unref()
    if (sent === 0) idle?.()
  }

  function pump(): void {
    while (host && !outgrown && sent < MOST_SENT && waiting.length > 0) void send(host, waiting.shift()!)
    if (sent > 0) return
    if (host && outgrown) replace(host, outgrown)
    else if (waiting.length === 0) idle?.()
  }

  function replace(old: Host, why: string): void {
    onEvent({ what: 'replaced', why })
    lost(why)
    old.end()
  }

  async function send(to: Host, job: Job): Promise<void> {
    sent++
    try {
      const frame = await to.request(job.header, job.parts, limits.runMs)
      const { rss } = frame.header as { rss?: number }
      resident = rss ?? resident
      if (rss !== undefined && rss > limits.memoryBytes)
        outgrown = `its process takes ${(rss / 1024 ** 2).toFixed(0)} MB, its limit is ${(limits.memoryBytes / 1024 ** 2).toFixed(0)} MB`
      job.resolve(frame)
    } catch (error) {
      const { how, message } = error as HostEnded
      if (how === 'not started') waiting.unshift(job)
      else {
        onEvent({ what: 'ended', why: message })
        job.reject(how === 'timed out' ? new ModelTimedOut(name, limits.runMs / 1000) : new ModelCrashed(name, message))
      }
    } finally {
      sent--
      pump()
    }
  }

  function answersOf({ header, payload }: Frame): Record<string, Tensor> {
    const { error, tensors } = header as { error?: { message: string }; tensors?: TensorPart[] }
    if (error) throw new ModelFailed(name, stripped(error.message))
    try {
      return unpackTensors(tensors!, payload)
    } catch (cause) {
      throw new ModelFailed(name, 'its process gave what are no tensors', cause)
    }
  }

  use(first)
  return {
    name,
    inputs,
    outputs,
    bytes,
    placement: 'process',
    microseconds: microseconds ?? undefined,
    processBytes: () => (host ? resident : 0),
    problem: () => {
      const seconds = breaker.restingSeconds(performance.now())
      if (retry && seconds > 0) return `its process ended too often; it is tried again in ${seconds} s`
      return host ? undefined : 'its process is starting'
    },
    run: async (feeds, wanted = everything) => {
      if (closing) throw new ModelFailed(name, 'it was unloaded')
      checkTensors(name, inputs, feeds)
      if (wanted !== everything) checkWanted(name, outputs, wanted)
      if (retry)
        throw new ModelResting(name, 'its process ended too often', breaker.restingSeconds(performance.now()) || 1)
      if (waiting.length >= limits.mostWaiting) throw new ModelBusy(name, waiting.length)
      const { tensors, parts } = packTensors(feeds)
      const frame = await new Promise<Frame>((resolve, reject) => {
        waiting.push({ header: { op: 'run', tensors, wanted }, parts, resolve, reject })
        pump()
      })
      return answersOf(frame)
    },
    close: () => {
      closing ??= (async () => {
        if (sent > 0 || waiting.length > 0) await new Promise<void>((resolve) => (idle = resolve))
        closed = true
        clearTimeout(retry)
        const last = host
        host = undefined
        last?.end()
        await last?.ended
      })()
      return closing
    },
  }
}

/** A failure in the process names the model already. */
function stripped(message: string): string {
  return message.replace(/^.* failed on this request: /, '').replace(/\.$/, '')
}

/** Sends a process the model to open. @throws ModelBroken */
export async function openIn(
  host: Host,
  name: string,
  header: Record<string, unknown>,
  parts: readonly Uint8Array[],
  openMs: number,
): Promise<Opened> {
  let frame: Frame
  try {
    frame = await host.request({ op: 'open', name, ...header }, parts, openMs)
  } catch (error) {
    throw new ModelBroken(name, `its process did not open it (${(error as HostEnded).message})`, error)
  }
  const { error, ...opened } = frame.header as { error?: { code?: string; message: string } } & Record<string, unknown>
  if (error)
    throw new ModelBroken(name, error.message.replace(/^The package of .* cannot be served: /, '').replace(/\.$/, ''))
  return opened as unknown as Opened
}
