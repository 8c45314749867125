import type { StoredEvent } from '#platform/events'
import { loopRoutes } from '#loop/contract'

/** A fact as it was committed, or how far a running job is. */
export type ServerEvent =
  | { kind: 'fact'; fact: StoredEvent }
  | { kind: 'progress'; id: string; message: string; fraction?: number | undefined }

/** Listens to a project until `signal`. What happened before is not heard again. */
export async function* serverEvents(url: string, project: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const address = `${url}${loopRoutes.stream.path}?project=${encodeURIComponent(project)}`
  const response = await fetch(address, { signal })
  if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`)
  let rest = ''
  try {
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = readEvent(block)
        if (event) yield event
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** One block of the event-stream format, as much of it as the server writes; comments are nothing. */
export function readEvent(block: string): ServerEvent | undefined {
  let name = ''
  let data = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('event: ')) name = line.slice(7)
    else if (line.startsWith('data: ')) data += line.slice(6)
  }
  if (!name || !data) return undefined
  const body = JSON.parse(data)
  if (name !== 'progress') return { kind: 'fact', fact: body }
  return { kind: 'progress', id: body.id, message: body.progress?.message ?? '', fraction: body.progress?.fraction }
}
