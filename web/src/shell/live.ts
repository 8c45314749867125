/**
 * Server-sent events keep the pages true: a fact makes the queries of its room stale, at most once a second, so that a
 * burst (a replay of a thousand rows) is one refresh. Read with `fetch` and not `EventSource`, which can neither send a
 * token nor hear events whose names it was not told.
 */
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { loopRoutes } from '#loop/contract'
import { fetchWithToken } from './token.ts'

export interface Progress {
  message: string
  fraction?: number | undefined
}

export type Liveness = 'connecting' | 'live' | 'lost'

/** Long enough to gather a burst, short enough to feel live. */
const GATHER_MS = 1000
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 15_000

/** Which queries may have changed when a room tells a fact; the loop's overview and the audit always have. */
const STALE_AFTER: Record<string, readonly string[]> = {
  tracking: ['tracking', 'pipelines'],
  pipelines: ['pipelines', 'tracking'],
  data: ['data'],
  features: ['features'],
  registry: ['registry', 'deployments'],
  packaging: ['packaging', 'registry'],
  deployments: ['deployments', 'registry', 'serving', 'monitoring'],
  serving: ['serving'],
  batch: ['batch'],
  monitoring: ['monitoring', 'serving'],
  triggers: ['monitoring', 'pipelines'],
  projects: ['projects', 'features'],
}

const progressKey = (job: string) => ['progress', job] as const

/** How far a running job is, as the stream tells it; null when nothing was heard. */
export function useProgress(job: string): Progress | null {
  const { data } = useQuery<Progress | null>({
    queryKey: progressKey(job),
    queryFn: () => null,
    enabled: false,
    initialData: null,
  })
  return data
}

let liveness: Liveness = 'connecting'
const watchers = new Set<() => void>()

function setLiveness(next: Liveness): void {
  if (next === liveness) return
  liveness = next
  for (const watcher of watchers) watcher()
}

export function useLiveness(): Liveness {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => liveness,
  )
}

/** Listens for as long as the page is in view; a page that comes back asks anew for everything it shows. */
export function useLive(project: string | undefined): void {
  const queries = useQueryClient()
  useEffect(() => {
    let stop: (() => void) | undefined
    const follow = () => {
      if (document.hidden) {
        stop?.()
        stop = undefined
      } else if (!stop) stop = listen(project, queries)
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      stop?.()
    }
  }, [project, queries])
}

function listen(project: string | undefined, queries: QueryClient): () => void {
  const ended = new AbortController()
  const stale = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const refresh = () => {
    timer = undefined
    for (const room of [...stale]) {
      // A room still being asked waits for its next turn: cutting its answer short again and again would never show one.
      if (queries.isFetching({ queryKey: [room] }) > 0) continue
      stale.delete(room)
      void queries.invalidateQueries({ queryKey: [room] })
    }
    if (stale.size > 0) timer = setTimeout(refresh, GATHER_MS)
  }

  const hear = (name: string, data: string) => {
    if (name === 'progress') {
      const { id, progress } = JSON.parse(data) as { id: string; progress: Progress }
      queries.setQueryData(progressKey(id), progress)
      return
    }
    const room = name.split('.')[0] ?? ''
    for (const other of STALE_AFTER[room] ?? [room]) stale.add(other)
    stale.add('loop')
    stale.add('governance')
    timer ??= setTimeout(refresh, GATHER_MS)
  }

  const keepListening = async () => {
    let pause = FIRST_RETRY_MS
    let lost = false
    while (!ended.signal.aborted) {
      try {
        const query = project ? `?project=${encodeURIComponent(project)}` : ''
        const response = await fetchWithToken(loopRoutes.stream.path + query, { signal: ended.signal })
        if (!response.ok || !response.body) throw new Error(`the stream answered ${response.status}`)
        setLiveness('live')
        // What happened while nobody listened is unknown, so everything shown is asked for again.
        if (lost) void queries.invalidateQueries()
        pause = FIRST_RETRY_MS
        await readEvents(response.body, hear)
      } catch {
        // A stream that breaks is expected (restart, sleep, proxy); what it means is told by `lost`.
      }
      if (ended.signal.aborted) return
      lost = true
      setLiveness('lost')
      await new Promise((resolve) => setTimeout(resolve, pause))
      pause = Math.min(pause * 2, LONGEST_RETRY_MS)
    }
  }
  void keepListening()

  return () => {
    ended.abort()
    clearTimeout(timer)
  }
}

/** The event-stream format of the HTML standard, as much of it as the server writes: `event`, `data`, comments. */
async function readEvents(body: ReadableStream<Uint8Array>, hear: (name: string, data: string) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      let name = 'message'
      const data: string[] = []
      for (const line of block.split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim()
        else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
      }
      if (data.length > 0) hear(name, data.join('\n'))
    }
  }
}
