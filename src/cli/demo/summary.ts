import type { World } from '#worlds'
import { referenceScores } from '../replay/reference-scores.ts'
import type { Traffic } from '../replay/traffic.ts'
import type { Server } from '../server.ts'
import { type PartScore, scoreReplay } from './scores.ts'

/** What `--json` ends with. */
export interface Summary {
  readonly world: string
  /** Rows that were asked for. */
  readonly rows: number
  readonly metric: string
  /** The first version, left alone. */
  readonly static: number | null
  readonly loop: number | null
  readonly byPart: readonly PartScore[]
  readonly retrainings: number
  /** Of retrained versions; the first version's own is none. */
  readonly promotions: number
  readonly rollbacks: number
  readonly predictions: number
  readonly failed: number
  readonly alerts: number
  /** From the start of the demo to its end. */
  readonly seconds: number
  /** An answer worth tracing: of the youngest version, its truth known. */
  readonly predictionId: string | null
}

export async function summarize(
  server: Server,
  needs: { world: World; project: string; endpoint: string; traffic: Traffic; began: number },
): Promise<Summary> {
  const { world, project, endpoint, traffic, began } = needs
  const alone = await referenceScores(server, { endpoint, rows: world.rows.length, rowOf: traffic.rowOf })
  const scores = scoreReplay(world, traffic.values, alone)
  const { summary } = await server.overview({ params: { project } })
  const { rollouts } = await server.listRollouts({ params: { endpoint }, query: { limit: 500 } })
  const later = rollouts.filter((rollout) => rollout.from !== null)
  return {
    world: world.name,
    rows: traffic.counts.asked,
    metric: scores.metric,
    static: rounded(scores.static),
    loop: rounded(scores.loop),
    byPart: scores.byPart.map((part) => ({ ...part, static: rounded(part.static), loop: rounded(part.loop) })),
    retrainings: summary.retrainings,
    promotions: later.filter((rollout) => rollout.state === 'promoted').length,
    rollbacks: later.filter((rollout) => rollout.state === 'rolled_back').length,
    predictions: traffic.counts.answered,
    failed: traffic.counts.failed,
    alerts: await countAlerts(server, endpoint),
    seconds: Math.round((Date.now() - began) / 100) / 10,
    predictionId: worthTracing(traffic),
  }
}

async function countAlerts(server: Server, endpoint: string): Promise<number> {
  let alerts = 0
  let cursor: string | undefined
  do {
    const page = await server.listAlerts({ query: { endpoint, limit: 500, ...(cursor !== undefined && { cursor }) } })
    alerts += page.alerts.length
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return alerts
}

/** The last answer of the youngest version whose truth is known; else the last one answered. */
function worthTracing({ versions, isTold, idOf }: Traffic): string | null {
  const youngest = versions.reduce((a, b) => Math.max(a, b), 0)
  const told = versions.findLastIndex((version, row) => version === youngest && isTold(row))
  const row = told >= 0 ? told : versions.lastIndexOf(youngest)
  return youngest === 0 ? null : idOf(row)
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 1e5) / 1e5)
