import { setTimeout as sleep } from 'node:timers/promises'
import { WrongUse } from '../errors.ts'
import { DONE } from '../exit.ts'
import { type ServerOptions, serverFrom } from '../server.ts'
import { type Frame, framesOf } from './frames.ts'

export interface CameraOptions extends ServerOptions {
  endpoint: string
  fps: string
  frames?: string
  light?: string
  labels?: boolean
}

/** A picture's answer, as much of it as a camera shows. */
interface Answer {
  id: string
  label: string
  value: number
}

/** Sends frames to an endpoint as a camera would, in real time: one that is late is not made up for. */
export async function camera(source: string, options: CameraOptions): Promise<number> {
  const { url, server } = serverFrom(options)
  const fps = positive(options.fps, '--fps')
  const most = options.frames === undefined ? Number.POSITIVE_INFINITY : positive(options.frames, '--frames')
  const light = options.light === undefined ? 1 : positive(options.light, '--light')
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  let sent = 0
  let right = 0
  const started = performance.now()
  for await (const frame of framesOf(source, stop.signal)) {
    if (stop.signal.aborted || sent >= most) break
    const due = started + (sent * 1000) / fps
    if (due > performance.now()) await sleep(due - performance.now())
    const asked = performance.now()
    const answer = await send(url, options.endpoint, light === 1 ? frame.bytes : await dimmed(frame.bytes, light))
    sent++
    if (answer.label === frame.label) right++
    print(frame, answer, { ms: performance.now() - asked, json: options.json === true })
    if (options.labels && frame.label !== undefined)
      await server.feedback({ body: { labels: [{ id: answer.id, label: frame.label }] } })
  }
  if (!options.json) console.log(`${sent} frames${right > 0 ? `, ${right} of them as their folder says` : ''}`)
  return DONE
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

function print(frame: Frame, answer: Answer, { ms, json }: { ms: number; json: boolean }): void {
  if (json) console.log(JSON.stringify({ frame: frame.name, truth: frame.label, ...answer, ms }))
  else
    console.log(
      `${frame.name.padEnd(16)} ${answer.label.padEnd(8)} ${answer.value.toFixed(3)}  ${ms.toFixed(0)} ms  ${answer.id}`,
    )
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new WrongUse(`${option} ${text} is no number above 0.`, `Write ${option} 5.`)
  return value
}
