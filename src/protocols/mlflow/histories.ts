import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { MetricValue, Tracking } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { metricReply } from './entities.ts'
import { Int64, MetricReply, OneOrMore, pageSize, Required, unlessEmpty } from './messages.ts'
import { evenly } from './sample.ts'

const MOST_RUNS = 100
const MOST_POINTS = 25_000
const MOST_POINTS_PER_RUN = 2_500

const Runs = OneOrMore.refine((runs) => runs.length >= 1, 'names no run').refine(
  (runs) => runs.length <= MOST_RUNS,
  `names more than ${MOST_RUNS} runs`,
)

export const historyRoutes = defineRoutes({
  metricHistories: {
    method: 'GET',
    path: '/api/2.0/mlflow/metrics/get-history-bulk',
    permission: 'tracking:read',
    summary: 'MLflow: every point of one metric of some runs, by run and time.',
    query: z.object({ run_id: Runs, metric_key: z.string(), max_results: Int64.optional() }),
    reply: z.object({ metrics: z.array(MetricReply) }),
  },
  sampledHistories: {
    method: 'GET',
    path: '/api/2.0/mlflow/metrics/get-history-bulk-interval',
    permission: 'tracking:read',
    summary: 'MLflow: as many points of one metric of some runs as a chart can show, spread evenly.',
    query: z.object({
      run_ids: Runs,
      metric_key: Required,
      start_step: Int64.optional(),
      end_step: Int64.optional(),
      max_results: pageSize(MOST_POINTS_PER_RUN).default(MOST_POINTS_PER_RUN),
    }),
    reply: z.object({ metrics: z.array(MetricReply).optional() }),
  },
})

export function historyHandlers({ tracking }: { tracking: Tracking }): Handlers<typeof historyRoutes> {
  return {
    metricHistories: async ({ query }) => {
      const limit = Math.min(query.max_results ?? MOST_POINTS, MOST_POINTS)
      const metrics: z.input<typeof MetricReply>[] = []
      for (const run of [...new Set(query.run_id)].sort()) {
        const left = limit - metrics.length
        if (left <= 0) break
        const points = (await tracking.pointsOf(run, query.metric_key)).sort(byTime).slice(0, left)
        metrics.push(...points.map((point) => replyOf(run, point)))
      }
      return { metrics }
    },
    sampledHistories: async ({ query }) => {
      const { start_step: from, end_step: to, max_results: most } = query
      if ((from === undefined) !== (to === undefined))
        throw new ParameterInvalid('If either start step or end step are specified, both must be specified.')
      if (from !== undefined && to !== undefined && from > to)
        throw new ParameterInvalid(`end_step must not be less than start_step. Found ${from} and ${to}.`)
      const metrics: z.input<typeof MetricReply>[] = []
      for (const run of query.run_ids) {
        const points = await tracking.pointsOf(run, query.metric_key)
        const asked = points.filter(
          ({ step }) => (from === undefined || step >= from) && (to === undefined || step <= to),
        )
        metrics.push(...evenly(asked, most).map((point) => replyOf(run, point)))
      }
      return unlessEmpty('metrics', metrics)
    },
  }
}

/** What a model or a dataset has to do with a point is told by the run's own history. */
const replyOf = (run: string, { key, value, step, at }: MetricValue) => ({
  ...metricReply({ key, value, step, at }),
  run_id: run,
})

const byTime = (a: MetricValue, b: MetricValue) => a.at - b.at || a.step - b.step || a.value - b.value
