import { z } from 'zod'
import { Cause } from '#pipelines/contract'
import { defineRoutes, PageQuery } from '#platform/http/contract'

/** One time that a rule of `when` came true and something was started. */
export const Firing = z.object({
  id: z.string(),
  project: z.string(),
  endpoint: z.string(),
  rule: z.number().int().describe('Its place in `when` of the project file at that time, from 0.'),
  written: z.string().describe('The condition or the schedule, as it was written.'),
  at: z.number(),
  eventTime: z.number().nullable().describe('End of the period it was true in, ms; null for a schedule.'),
  cause: Cause,
  pipelineRun: z.string(),
  runName: z.string(),
  joined: z.boolean().describe('A run was under way already, and nothing new was started.'),
})
export type Firing = z.infer<typeof Firing>

export const triggerRoutes = defineRoutes({
  listFirings: {
    method: 'GET',
    path: '/api/projects/:project/firings',
    permission: 'triggers:read',
    summary: 'When the rules of a project fired, newest first, and what they started.',
    params: z.object({ project: z.string() }),
    query: PageQuery,
    reply: z.object({ firings: z.array(Firing), next: z.string().nullable() }),
  },
})
