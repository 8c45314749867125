import { SourceFailed } from './errors.ts'
import type { HttpRequests } from './http-request.ts'
import type { MlflowSource, SourcePoints, SourceRun } from './source.ts'

/** What the original answers at most, however much is asked for. */
const MOST_POINTS = 25_000
const MOST_RUNS = 100

interface HttpPoint {
  run_id?: string
  key: string
  value: number | string
  timestamp: number | string
  step?: number | string
}

/**
 * Histories of many runs. A request costs the original far more than a point, so those of one metric are asked for
 * together, as its own pages do, as long as the answer is whole; long ones are read one by one, in pages.
 */
export function openHttpHistories(http: HttpRequests): MlflowSource['histories'] {
  let runsAtOnce = 20
  let together = true

  async function* ofRun(run: string, key: string): AsyncGenerator<SourcePoints> {
    for (let token: string | undefined; ; ) {
      const reply = await http.json<{ metrics?: HttpPoint[]; next_page_token?: string }>(
        'GET',
        '/api/2.0/mlflow/metrics/get-history',
        { query: { run_id: run, metric_key: key, max_results: MOST_POINTS, page_token: token } },
      )
      yield columns(run, key, reply.metrics ?? [])
      token = reply.next_page_token || undefined
      if (!token) return
    }
  }

  /** `undefined` where the answer may have been cut, or the server knows no such question. */
  async function ofRuns(runs: readonly string[], key: string): Promise<HttpPoint[] | undefined> {
    try {
      const path = '/ajax-api/2.0/mlflow/metrics/get-history-bulk'
      const query = { run_id: runs, metric_key: key, max_results: MOST_POINTS }
      const { metrics } = await http.json<{ metrics: HttpPoint[] }>('GET', path, { query })
      if (metrics.length >= MOST_POINTS) return undefined
      if (metrics.length < MOST_POINTS / 4) runsAtOnce = Math.min(MOST_RUNS, runsAtOnce * 2)
      return metrics
    } catch (error) {
      if (!(error instanceof SourceFailed || error instanceof TypeError)) throw error
      together = false
      return undefined
    }
  }

  async function* ofKey(runs: readonly string[], key: string): AsyncGenerator<SourcePoints> {
    // Another metric may have fewer points.
    runsAtOnce = Math.max(runsAtOnce, 8)
    for (let at = 0; at < runs.length; ) {
      const some = runs.slice(at, at + runsAtOnce)
      const points = together && some.length > 1 ? await ofRuns(some, key) : undefined
      if (points) {
        for (const [run, ofOne] of Map.groupBy(points, (point) => point.run_id ?? '')) yield columns(run, key, ofOne)
        at += some.length
      } else if (together && some.length > 1) runsAtOnce = Math.ceil(some.length / 4)
      else {
        yield* ofRun(some[0]!, key)
        at++
      }
    }
  }

  return async function* (runs: readonly SourceRun[]) {
    const runsOf = new Map<string, string[]>()
    for (const { id, metricKeys } of runs)
      for (const key of metricKeys) runsOf.set(key, [...(runsOf.get(key) ?? []), id])
    for (const [key, ids] of runsOf) yield* ofKey(ids, key)
  }
}

function columns(run: string, key: string, points: readonly HttpPoint[]): SourcePoints {
  return {
    ...{ run, key },
    steps: points.map((point) => Number(point.step ?? 0)),
    times: points.map((point) => Number(point.timestamp)),
    values: points.map((point) => Number(point.value)),
  }
}
