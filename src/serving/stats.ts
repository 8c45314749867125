import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { createRecent, type RecentStats } from './recent.ts'
import type { Route } from './router.ts'

/** Per endpoint since the server started, cheap enough for every request. */
export interface EndpointStats {
  /** `rows` answers of one version on one route, each after `latencyUs`. */
  served(version: number, route: Route, rows: number, latencyUs: number): void
  /** `rows` that a version could not score, told after `tookUs`. */
  versionFailed(version: number, rows: number, tookUs: number): void
  /** A version's graph was run once. */
  ran(version: number, tookUs: number): void
  /** A request of `rows` that got no answer through our fault. */
  failed(rows: number): void
  /** A request that did not fit the signature. */
  refused(): void
  snapshot(now: number): StatsSnapshot
  /** What happened since a time, at most the last hour. */
  since(from: number, to?: number): RecentStats
}

export interface StatsSnapshot {
  readonly requestsPerSecond: number
  readonly failed: number
  readonly refused: number
  readonly versions: readonly {
    readonly version: number
    readonly served: number
    readonly servedByRoute: Readonly<Record<Route, number>>
    readonly failed: number
    /** Requests, runs of the graph and failures, with what they took together. */
    readonly requests: Timed
    readonly runs: Timed
    readonly failures: Timed
    readonly p50Ms: number | null
    readonly p99Ms: number | null
  }[]
}

export interface Timed {
  readonly count: number
  readonly us: number
}

interface VersionStats {
  served: Record<Route, number>
  failed: number
  readonly requests: { count: number; us: number }
  readonly runs: { count: number; us: number }
  readonly failures: { count: number; us: number }
  latency: RecordableHistogram
}

/** The rate is the mean over so many whole seconds. */
const RATE_SECONDS = 10
const LONGEST_US = 60_000_000

export function createEndpointStats(now: () => number): EndpointStats {
  const versions = new Map<number, VersionStats>()
  const perSecond = new Float64Array(RATE_SECONDS + 1)
  let second = Math.floor(now() / 1000)
  let failed = 0
  let refused = 0
  const recent = createRecent(now)

  function statsOf(version: number): VersionStats {
    let stats = versions.get(version)
    if (!stats) {
      stats = {
        served: { stable: 0, canary: 0 },
        failed: 0,
        requests: { count: 0, us: 0 },
        runs: { count: 0, us: 0 },
        failures: { count: 0, us: 0 },
        latency: createHistogram({ lowest: 1, highest: LONGEST_US, figures: 2 }),
      }
      versions.set(version, stats)
    }
    return stats
  }

  function countSecond(at: number, rows: number): void {
    const current = Math.floor(at / 1000)
    // Seconds without a request are zero; after a long pause, all of them.
    for (let s = Math.max(second + 1, current - RATE_SECONDS); s <= current; s++) perSecond[s % perSecond.length] = 0
    second = Math.max(second, current)
    perSecond[current % perSecond.length]! += rows
  }

  return {
    served: (version, route, rows, latencyUs) => {
      const stats = statsOf(version)
      stats.served[route] += rows
      add(stats.requests, latencyUs)
      stats.latency.record(Math.min(LONGEST_US, Math.max(1, Math.round(latencyUs))))
      countSecond(now(), rows)
      recent.served(version, rows, latencyUs)
    },
    ran: (version, tookUs) => add(statsOf(version).runs, tookUs),
    versionFailed: (version, rows, tookUs) => {
      const stats = statsOf(version)
      stats.failed += rows
      add(stats.failures, tookUs)
      recent.failed(version, rows)
    },
    failed: (rows) => {
      failed += rows
    },
    refused: () => {
      refused++
    },
    since: recent.since,
    snapshot: (at) => {
      countSecond(at, 0)
      let recent = 0
      for (let s = 0; s < perSecond.length; s++)
        if (s !== Math.floor(at / 1000) % perSecond.length) recent += perSecond[s]!
      return {
        requestsPerSecond: recent / RATE_SECONDS,
        failed,
        refused,
        versions: [...versions.entries()]
          .sort(([a], [b]) => b - a)
          .map(([version, stats]) => ({
            version,
            served: stats.served.stable + stats.served.canary,
            servedByRoute: { ...stats.served },
            failed: stats.failed,
            requests: { ...stats.requests },
            runs: { ...stats.runs },
            failures: { ...stats.failures },
            p50Ms: stats.latency.count === 0 ? null : stats.latency.percentile(50) / 1000,
            p99Ms: stats.latency.count === 0 ? null : stats.latency.percentile(99) / 1000,
          })),
      }
    },
  }
}

function add(timed: { count: number; us: number }, us: number): void {
  timed.count++
  timed.us += us
}
