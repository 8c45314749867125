import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { CodeVersion } from '#projects/contract'

/** What made a pipeline run. An alert's id leads to the drift or decay behind it. */
export const Cause = z.object({
  kind: z.enum(['person', 'alert', 'age', 'schedule']),
  /** Who asked, or the alert's or schedule's id. */
  by: z.string(),
  reason: z.string().describe('One sentence for people.'),
})
export type Cause = z.infer<typeof Cause>

export const StepState = z.enum(['waiting', 'running', 'succeeded', 'failed'])

export const PipelineStep = z.object({
  name: z.string(),
  state: StepState,
  summary: z.string().describe('What it found, in one line.'),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
})
export type PipelineStep = z.infer<typeof PipelineStep>

export const PipelineRun = z.object({
  id: z.string(),
  name: z.string().describe('Two words, easy to say: misty-lark.'),
  project: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  cause: Cause,
  code: CodeVersion,
  steps: z.array(PipelineStep),
  dataVersion: z.string().nullable(),
  parentRun: z.string().nullable().describe('The tracked run that its trials are nested in.'),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  progress: z.object({ message: z.string(), fraction: z.number().optional() }).nullable(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
})
export type PipelineRun = z.infer<typeof PipelineRun>

/** How records are prepared for the model of a run: what its steps learned from the training rows. */
export const PreparationFacts = z.object({
  recipe: z.string().describe('sha256 of the recipe’s steps.'),
  inputs: z
    .array(z.object({ name: z.string(), kind: z.enum(['number', 'text']) }))
    .describe('Raw columns of a record.'),
  columns: z.array(z.string()).describe('What the model sees.'),
  fitted: z.array(
    z.object({
      step: z.int().describe('Its number in the recipe, from 0.'),
      what: z.string(),
      column: z.string(),
      learned: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
    }),
  ),
})
export type PreparationFacts = z.infer<typeof PreparationFacts>

export const pipelineRoutes = defineRoutes({
  startPipeline: {
    method: 'POST',
    path: '/api/projects/:project/pipeline-runs',
    permission: 'pipelines:run',
    summary: 'Runs the project’s pipeline; a run that is already under way is returned instead of a second one.',
    params: z.object({ project: z.string() }),
    body: z.object({ reason: z.string().max(500).default('asked for by a person') }),
    reply: z.object({ id: z.string(), name: z.string(), existed: z.boolean() }),
    status: 202,
  },
  listPipelineRuns: {
    method: 'GET',
    path: '/api/projects/:project/pipeline-runs',
    permission: 'pipelines:read',
    summary: 'The project’s pipeline runs, newest first.',
    params: z.object({ project: z.string() }),
    query: PageQuery,
    reply: z.object({ runs: z.array(PipelineRun), next: z.string().nullable() }),
  },
  getPipelineRun: {
    method: 'GET',
    path: '/api/pipeline-runs/:run',
    permission: 'pipelines:read',
    summary: 'One pipeline run with its steps.',
    params: z.object({ run: z.string() }),
    reply: PipelineRun,
  },
  getPreparation: {
    method: 'GET',
    path: '/api/pipeline-runs/:run/preparation',
    permission: 'pipelines:read',
    summary: 'How records are prepared for the model of a run, with what its steps learned; null without a recipe.',
    params: z.object({ run: z.string() }),
    reply: z.object({ preparation: PreparationFacts.nullable() }),
  },
  cancelPipelineRun: {
    method: 'POST',
    path: '/api/pipeline-runs/:run/cancel',
    permission: 'pipelines:run',
    summary: 'Ends a queued or running pipeline run; what its finished steps left stays.',
    params: z.object({ run: z.string() }),
    reply: z.object({ cancelled: z.boolean() }),
  },
})
