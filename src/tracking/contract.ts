import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { Artifact, LoggedModelStatus, RunState, TagChange, TagRef } from './run.contract.ts'

export { ExperimentLine, experimentRoutes, MOST_COUNTED } from './experiments.contract.ts'
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

/** Null while every value was NaN. */
export const MetricBounds = z.object({ min: z.number().nullable(), max: z.number().nullable() })
export type MetricBounds = z.infer<typeof MetricBounds>

/** A run as a list shows it. */
export const RunLine = Run.extend({
  bounds: z.record(z.string(), MetricBounds).describe('The lowest and the highest value of each metric.'),
  nested: z.number().describe('How many runs are nested in it.'),
})
export type RunLine = z.infer<typeof RunLine>

/** A model as a training script left it. */
export const RunModel = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  status: LoggedModelStatus,
  createdAt: z.number(),
  params: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  artifacts: z.array(Artifact),
})
export type RunModel = z.infer<typeof RunModel>

export const MetricPoint = z.object({ step: z.number(), value: z.number().nullable(), at: z.number() })
export type MetricPoint = z.infer<typeof MetricPoint>

const RunRef = z.object({ run: z.string() })
const Nothing = z.object({})

const Points = z.coerce
  .number()
  .int()
  .min(10)
  .max(5_000)
  .describe('About as many points at most: of a longer history the lowest and the highest of each stretch are kept.')

export const trackingRoutes = defineRoutes({
  listRuns: {
    method: 'GET',
    path: '/api/runs',
    permission: 'tracking:read',
    summary: 'Runs, newest first; nested runs under their parent with `parent`.',
    query: PageQuery.extend({
      project: z.string().optional(),
      experiment: z.string().optional(),
      experimentId: z.string().optional(),
      parent: z.string().optional().describe('Only the runs nested in this one; `none` for top-level runs.'),
      filter: z
        .string()
        .max(10_000)
        .optional()
        .describe("MLflow's: `metrics.loss < 0.5 and params.depth = '6'`; and `metrics_min.loss`, `metrics_max.acc`."),
      bin: z.enum(['with', 'only']).optional(),
      orderBy: z
        .string()
        .optional()
        .describe(
          '`metric:<name>` for its last value, `metric_min:<name>`, `metric_max:<name>`, `param:<name>`, `tag:<name>`, `name`, `state`, `endedAt` or `startedAt`.',
        ),
      direction: z.enum(['asc', 'desc']).default('desc'),
    }),
    reply: z.object({ runs: z.array(RunLine), next: z.string().nullable() }),
  },
  getRun: {
    method: 'GET',
    path: '/api/runs/:run',
    permission: 'tracking:read',
    summary: 'One run with its artifacts and the models it logged.',
    params: RunRef,
    reply: RunLine.extend({ artifacts: z.array(Artifact), models: z.array(RunModel) }),
  },
  renameRun: {
    method: 'PATCH',
    path: '/api/runs/:run',
    permission: 'tracking:write',
    summary: 'Renames a run.',
    params: RunRef,
    body: z.object({ name: z.string().trim().min(1).max(500) }),
    reply: Nothing,
  },
  deleteRun: {
    method: 'DELETE',
    path: '/api/runs/:run',
    permission: 'tracking:write',
    summary: 'Puts a run into the bin.',
    params: RunRef,
    reply: Nothing,
  },
  restoreRun: {
    method: 'POST',
    path: '/api/runs/:run/restore',
    permission: 'tracking:write',
    summary: 'Takes a run out of the bin.',
    params: RunRef,
    reply: Nothing,
  },
  tagRun: {
    method: 'PUT',
    path: '/api/runs/:run/tags',
    permission: 'tracking:write',
    summary: 'Sets a tag of a run.',
    params: RunRef,
    body: TagChange,
    reply: Nothing,
  },
  untagRun: {
    method: 'DELETE',
    path: '/api/runs/:run/tags',
    permission: 'tracking:write',
    summary: 'Removes a tag of a run.',
    params: RunRef,
    query: TagRef,
    reply: Nothing,
  },
  metricHistory: {
    method: 'GET',
    path: '/api/runs/:run/metrics/:metric',
    permission: 'tracking:read',
    summary: 'The points of one metric, by step.',
    params: RunRef.extend({ metric: z.string() }),
    query: z.object({ points: Points.optional() }),
    reply: z.object({ points: z.array(MetricPoint) }),
  },
  readHistories: {
    method: 'POST',
    path: '/api/histories',
    permission: 'tracking:read',
    summary: 'The points of some metrics of some runs, as many as charts can show.',
    body: z.object({
      series: z
        .array(
          z.object({
            run: z.string(),
            metric: z.string(),
            from: z.number().optional().describe('Only points of this step and later ones: what a chart lacks.'),
          }),
        )
        .min(1)
        .max(100),
      points: Points.default(500),
    }),
    reply: z.object({
      histories: z.array(
        z.object({
          run: z.string(),
          metric: z.string(),
          points: z.array(MetricPoint),
          logged: z.number().describe('How many points there are, shown or not.'),
        }),
      ),
    }),
  },
  readArtifact: {
    method: 'GET',
    path: '/api/artifacts/:owner/*',
    permission: 'tracking:read',
    summary: 'The bytes of an artifact of a run or a logged model.',
    params: z.object({ owner: z.string(), '*': z.string() }),
    query: z.object({
      bytes: z.coerce.number().int().min(1).optional().describe('Only the first so many, for a preview.'),
    }),
    raw: true,
    reply: z.unknown(),
  },
})
