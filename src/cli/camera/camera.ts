import { setTimeout as sleep } from 'node:timers/promises'
import { WrongUse } from '../errors.ts'
import { DONE } from '../exit.ts'
import { connect, type ServerOptions, serverFrom } from '../server.ts'
import { type Frame, framesOf } from './frames.ts'

export interface CameraOptions extends ServerOptions {
  endpoint: string
  fps: string
  frames?: string
  light?: string
  labels?: boolean
}

/** A picture's answer, as much of it as a camera shows. */
export interface Answer {
  id: string
  label: string
  value: number
}

/** A frame, and what was said about it. */
export interface SeenFrame {
  readonly frame: Frame
  readonly answer: Answer
  /** Until the answer, ms. */
  readonly ms: number
}

export interface CameraRun {
  /** The server. */
  readonly url: string
  readonly endpoint: string
  readonly fps: number
  /** Ends after so many. */
  readonly frames?: number | undefined
  /** What the brightness of each frame is multiplied by. */
  readonly light?: number | undefined
  /** Sends the name of each frame's folder as its truth. */
  readonly labels?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** `orrery camera`: sends frames until there are enough of them, or Ctrl-C. */
export async function camera(source: string, options: CameraOptions): Promise<number> {
  const { url } = serverFrom(options)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const run: CameraRun = {
    url,
    endpoint: options.endpoint,
    fps: positive(options.fps, '--fps'),
    frames: options.frames === undefined ? undefined : positive(options.frames, '--frames'),
    light: options.light === undefined ? undefined : positive(options.light, '--light'),
    labels: options.labels,
    signal: stop.signal,
  }
  let sent = 0
  let right = 0
  for await (const seen of watch(source, run)) {
    sent++
    if (seen.answer.label === seen.frame.label) right++
    print(seen, options.json === true)
  }
  if (!options.json) console.log(`${sent} frames${right > 0 ? `, ${right} of them as their folder says` : ''}`)
  return DONE
}

/** Sends frames to an endpoint as a camera would, in real time: one that is late is not made up for. @throws WrongUse */
export async function* watch(source: string, run: CameraRun): AsyncGenerator<SeenFrame> {
  const { url, endpoint, fps, frames = Number.POSITIVE_INFINITY, light = 1, labels, signal } = run
  const api = connect(url, process.env.ORRERY_TOKEN)
  const started = performance.now()
  let sent = 0
  for await (const frame of framesOf(source, signal ?? new AbortController().signal)) {
    if (signal?.aborted || sent >= frames) return
    const due = started + (sent * 1000) / fps
    if (due > performance.now()) await sleep(due - performance.now())
    const asked = performance.now()
    const answer = await send(url, endpoint, light === 1 ? frame.bytes : await dimmed(frame.bytes, light))
    sent++
    const ms = performance.now() - asked
    if (labels && frame.label !== undefined)
      await api.feedback({ body: { labels: [{ id: answer.id, label: frame.label }] } })
    yield { frame, answer, ms }
  }
}

async function send(url: string, endpoint: string, bytes: Uint8Array): Promise<Answer> {
  const token = process.env.ORRERY_TOKEN
  const reply = await fetch(`${url}/predict/${encodeURIComponent(endpoint)}`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg', ...(token && { authorization: `Bearer ${token}` }) },
    body: new Uint8Array(bytes),
  }).catch((error: Error) => {
    throw new WrongUse(`No server answers at ${url}: ${error.message}.`, 'Start one with `orrery up`.')
  })
  const answer = (await reply.json()) as { predictions: Answer[]; error: { message: string; hint: string } }
  if (!reply.ok) throw new WrongUse(answer.error.message, answer.error.hint)
  return answer.predictions[0]!
}

/** The same frame at another time of day. */
async function dimmed(bytes: Uint8Array, light: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  return sharp(bytes).linear(light, 0).jpeg({ quality: 90 }).toBuffer()
}

function print({ frame, answer, ms }: SeenFrame, json: boolean): void {
  const { id, label, value } = answer
  if (json) console.log(JSON.stringify({ frame: frame.name, truth: frame.label, ...answer, ms }))
  else console.log(`${frame.name.padEnd(16)} ${label.padEnd(8)} ${value.toFixed(3)}  ${ms.toFixed(0)} ms  ${id}`)
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new WrongUse(`${option} ${text} is no number above 0.`, `Write ${option} 5.`)
  return value
}
