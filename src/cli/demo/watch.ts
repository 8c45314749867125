import { setTimeout as sleep } from 'node:timers/promises'
import type { LoopOverview } from '#loop/contract'
import { serverEvents } from '../events.ts'
import type { Traffic } from '../replay/traffic.ts'
import type { Server } from '../server.ts'
import { happeningOf } from './facts.ts'
import type { Point, Story } from './story.ts'

/** A look costs the server some queries: often enough for a picture that moves, seldom enough not to be load. */
const LOOK_EVERY_MS = 1_000
/** The rate shown is that of the last seconds. */
const RATE_OVER_MS = 5_000

export interface Watched {
  readonly url: string
  readonly server: Server
  readonly project: string
  readonly endpoint: string
  readonly traffic: Traffic
  readonly rows: number
  readonly metric: string
  /** The day the world has reached. */
  readonly today: () => string
}

export interface Watch {
  /** Hears out what has already happened, then stops. */
  stop(): Promise<void>
}

/** Tells the story of a life while it happens: facts as they come, and where things stand. */
export function watchLife(story: Story, watched: Watched): Watch {
  const { url, server, project, endpoint, traffic, today } = watched
  const ended = new AbortController()
  const began = Date.now()
  const points: Point[] = []
  const rates: { at: number; asked: number }[] = []
  let through: number | undefined
  let overview: LoopOverview | undefined
  let work = ''

  async function hear(): Promise<void> {
    for await (const event of serverEvents(url, project, ended.signal)) {
      if (event.kind === 'progress') {
        work = event.message
        show()
        continue
      }
      if (/^pipelines\.run_(succeeded|failed)$/.test(event.fact.type)) work = ''
      const happening = await happeningOf(server, event.fact)
      if (happening) story.tell({ ...happening, day: today() })
    }
  }

  async function look(): Promise<void> {
    overview = await server.overview({ params: { project } })
    const query = { points: 2_000, ...(through !== undefined && { from: through + 1 }) }
    for (const point of (await server.monitorSeries({ params: { endpoint }, query })).points) {
      if (through !== undefined && point.through <= through) continue
      through = point.through
      const { value = null, reference = null } = point.window ?? {}
      points.push({ value, reference, champion: point.champion })
    }
    show()
  }

  async function lookAgainAndAgain(): Promise<void> {
    while (!ended.signal.aborted) {
      await look()
      await sleep(LOOK_EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined)
    }
  }

  function show(): void {
    if (!overview) return
    const { summary, endpoints } = overview
    const canary = endpoints.find((one) => one.name === endpoint)?.traffic.canary
    story.progress({
      day: today(),
      asked: traffic.counts.asked,
      failed: traffic.counts.failed,
      rows: watched.rows,
      perSecond: rate(),
      elapsedMs: Date.now() - began,
      champion: summary.champion,
      canary: canary ? { version: canary.version, share: canary.share } : null,
      metric: watched.metric,
      windowMs: summary.windowMs,
      retrainings: summary.retrainings,
      promotions: summary.promotions,
      rollbacks: summary.rollbacks,
      openAlerts: summary.openAlerts,
      points,
      work,
    })
  }

  function rate(): number {
    const now = { at: Date.now(), asked: traffic.counts.asked }
    rates.push(now)
    while (rates.length > 2 && now.at - rates[1]!.at > RATE_OVER_MS) rates.shift()
    const first = rates[0]!
    return now.at === first.at ? 0 : ((now.asked - first.asked) / (now.at - first.at)) * 1000
  }

  // What goes wrong with watching must not end the life that is watched; a server that is gone is noticed elsewhere.
  const running = Promise.allSettled([hear(), lookAgainAndAgain()])

  return {
    stop: async () => {
      await look().catch(() => undefined)
      ended.abort()
      await running
    },
  }
}
