import { z } from 'zod'
import { Endpoint } from '#deployments/contract'
import { defineRoutes } from '#platform/http/contract'
import { Drift } from '#projects/contract'

export const Stage = z.object({
  name: z.enum(['data', 'train', 'evaluate', 'register', 'deploy', 'serve', 'monitor', 'trigger']),
  state: z.enum(['good', 'working', 'waiting', 'attention', 'empty']),
  lines: z.array(z.string()).describe('Two short lines: what is there, how it is.'),
  link: z.string().nullable().describe('Path of the page behind it.'),
})
export type Stage = z.infer<typeof Stage>

/** Something only a person can decide. */
export const Need = z.object({
  kind: z.enum(['certify', 'alert', 'failed_run']),
  title: z.string(),
  detail: z.string(),
  action: z.string().describe('The next action in words.'),
  link: z.string(),
  since: z.number(),
  model: z.string().nullable(),
  version: z.number().int().nullable(),
})
export type Need = z.infer<typeof Need>

export const LoopOverview = z.object({
  project: z.string(),
  simulated: z.boolean(),
  description: z.string(),
  stages: z.array(Stage),
  needs: z.array(Need),
  endpoints: z.array(Endpoint),
  drift: z.array(Drift).describe('Where the server is not as the project file says.'),
  summary: z.object({
    state: z.enum(['in step', 'working', 'waits for you', 'out of step', 'not deployed']),
    champion: z.number().int().nullable(),
    championSince: z.number().nullable(),
    metric: z.string().nullable(),
    value: z.number().nullable(),
    reference: z.number().nullable(),
    windowMs: z.number().nullable(),
    predictions: z.number(),
    failed: z.number(),
    retrainings: z.number(),
    promotions: z.number(),
    rollbacks: z.number(),
    openAlerts: z.number(),
  }),
})
export type LoopOverview = z.infer<typeof LoopOverview>

export const loopRoutes = defineRoutes({
  overview: {
    method: 'GET',
    path: '/api/projects/:project/loop',
    permission: 'loop:read',
    summary: 'The loop of a project now: its stages, what needs a person, how well it keeps in step.',
    params: z.object({ project: z.string() }),
    reply: LoopOverview,
  },
  settled: {
    method: 'GET',
    path: '/api/projects/:project/settled',
    permission: 'loop:read',
    summary: 'Waits until the loop has nothing left to do by itself, at most `timeout` seconds.',
    params: z.object({ project: z.string() }),
    query: z.object({ timeout: z.coerce.number().min(0).max(120).default(30) }),
    reply: z.object({ settled: z.boolean(), needs: z.array(Need) }),
  },
  stream: {
    method: 'GET',
    path: '/api/events',
    permission: 'loop:read',
    summary: 'Server-sent events: every fact as it is committed, and progress of running jobs.',
    query: z.object({ project: z.string().optional() }),
    reply: z.unknown(),
    raw: true,
  },
})
