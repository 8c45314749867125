import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { Artifact, LoggedModelStatus, RunState } from './run.contract.ts'

export { importRoutes } from './imports.contract.ts'
export type * from './imports.contract.ts'
export { Artifact, LoggedModelStatus, RunState }

/** One training of one candidate. Histories of metrics have their own route. */
export const Run = z.object({
  id: z.string(),
  name: z.string(),
  experiment: z.string().describe('Name of the experiment; the project, for runs of a pipeline.'),
  experimentId: z.string(),
  project: z.string().nullable(),
  parent: z.string().nullable().describe('The run this one is nested in.'),
  state: RunState,
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  params: z.record(z.string(), z.string()),
  metrics: z.record(z.string(), z.number().nullable()).describe('The last value of each; null where that is NaN.'),
  tags: z.record(z.string(), z.string()),
  deletedAt: z.number().nullable().describe('When it was put into the bin; it can be restored from there.'),
})
export type Run = z.infer<typeof Run>

export const MetricPoint = z.object({ step: z.number(), value: z.number().nullable(), at: z.number() })

export const trackingRoutes = defineRoutes({
  listRuns: {
    method: 'GET',
    path: '/api/runs',
    permission: 'tracking:read',
    summary: 'Runs, newest first; nested runs under their parent with `parent`.',
    query: PageQuery.extend({
      project: z.string().optional(),
      experiment: z.string().optional(),
      parent: z.string().optional().describe('Only the runs nested in this one; `none` for top-level runs.'),
      orderBy: z.string().optional().describe('`metric:<name>`, `param:<name>` or `startedAt`.'),
      direction: z.enum(['asc', 'desc']).default('desc'),
    }),
    reply: z.object({ runs: z.array(Run), next: z.string().nullable() }),
  },
  getRun: {
    method: 'GET',
    path: '/api/runs/:run',
    permission: 'tracking:read',
    summary: 'One run with its artifacts.',
    params: z.object({ run: z.string() }),
    reply: Run.extend({ artifacts: z.array(Artifact) }),
  },
  metricHistory: {
    method: 'GET',
    path: '/api/runs/:run/metrics/:metric',
    permission: 'tracking:read',
    summary: 'Every point of one metric, by step.',
    params: z.object({ run: z.string(), metric: z.string() }),
    reply: z.object({ points: z.array(MetricPoint) }),
  },
})
