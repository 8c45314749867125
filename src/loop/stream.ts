import { PassThrough } from 'node:stream'
import type { Events } from '#platform/events'
import type { Jobs } from '#platform/jobs'

/** A comment line this often keeps proxies from ending a quiet stream. */
const HEARTBEAT_MS = 15_000

/**
 * Facts as they are committed and progress of running jobs, as server-sent events. Ends when the client leaves, or at
 * `closing`: a server that stops would wait for its listeners for ever.
 */
export function eventStream(
  { events, jobs }: { events: Events; jobs: Jobs },
  project: string | undefined,
  closing: AbortSignal,
): PassThrough {
  const stream = new PassThrough()
  const wanted = (of: string | undefined) => project === undefined || of === undefined || of === project
  const send = (type: string, data: unknown, id?: number) => {
    // A reader that does not keep up loses lines rather than growing the server; pages re-read on the next one.
    if (stream.writableLength > 1_000_000) return
    stream.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  const stops = [
    events.listen((event) => wanted(event.project) && send(event.type, event, event.seq)),
    jobs.listen((job) => wanted(job.project) && send('progress', job)),
  ]
  const heartbeat = setInterval(() => stream.write(': still here\n\n'), HEARTBEAT_MS)
  const end = () => stream.end()
  closing.addEventListener('abort', end, { once: true })
  stream.write(': Orrery\n\n')
  stream.on('close', () => {
    closing.removeEventListener('abort', end)
    clearInterval(heartbeat)
    for (const stop of stops) stop()
  })
  return stream
}
