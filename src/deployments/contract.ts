import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'

/** A version with its part of an answer: weights of a committee sum to 1; a lone champion has weight 1. */
export const WeightedVersion = z.object({ version: z.number().int(), weight: z.number() })
export type WeightedVersion = z.infer<typeof WeightedVersion>

/** Which versions answer an endpoint now. Changing it is one row: roll-back is as fast as the next request. */
export const Traffic = z.object({
  stable: z.array(WeightedVersion).describe('What answers by default; the youngest is the champion.'),
  canary: z
    .object({ version: z.number().int(), share: z.number().min(0).max(1), answer: z.array(WeightedVersion) })
    .nullable()
    .describe('What answers `share` of the requests, picked by a hash of the prediction id.'),
  reference: z.number().int().nullable().describe('Scores in shadow only: the first version, left alone.'),
  kept: z.array(z.number().int()).describe('Loaded and ready to be rolled back to.'),
})
export type Traffic = z.infer<typeof Traffic>

export const Endpoint = z.object({
  name: z.string(),
  project: z.string().nullable().describe('Null for an endpoint outside of any project.'),
  environment: z.string(),
  model: z.string(),
  traffic: Traffic,
  champion: z.number().int().nullable(),
  rollout: z.string().nullable().describe('The roll-out under way.'),
  updatedAt: z.number(),
})
export type Endpoint = z.infer<typeof Endpoint>

export const RolloutState = z.enum([
  'staging',
  'awaiting_certification',
  'canary',
  'promoted',
  'rolled_back',
  'rejected',
  'aborted',
])
export type RolloutState = z.infer<typeof RolloutState>

export const RolloutEntry = z.object({
  at: z.number(),
  eventTime: z.number().nullable(),
  state: RolloutState,
  share: z.number(),
  note: z.string().describe('What was decided, and on which evidence.'),
})
export type RolloutEntry = z.infer<typeof RolloutEntry>

export const Rollout = z.object({
  id: z.string(),
  endpoint: z.string(),
  project: z.string().nullable(),
  model: z.string(),
  version: z.number().int(),
  from: z.number().int().nullable().describe('The champion it set out to replace.'),
  state: RolloutState,
  steps: z.array(z.number()).describe('Shares of the canary, in order.'),
  step: z.number().int(),
  share: z.number(),
  holdMs: z.number(),
  history: z.array(RolloutEntry),
  createdAt: z.number(),
  finishedAt: z.number().nullable(),
})
export type Rollout = z.infer<typeof Rollout>

/** It stands in addresses: no slash, nothing that a shell or a browser reads in its own way. */
const ENDPOINT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

export const deploymentRoutes = defineRoutes({
  listEndpoints: {
    method: 'GET',
    path: '/api/endpoints',
    permission: 'deployments:read',
    summary: 'Endpoints with their traffic.',
    query: z.object({ project: z.string().optional() }),
    reply: z.object({ endpoints: z.array(Endpoint) }),
  },
  getEndpoint: {
    method: 'GET',
    path: '/api/endpoints/:endpoint',
    permission: 'deployments:read',
    summary: 'One endpoint.',
    params: z.object({ endpoint: z.string() }),
    reply: Endpoint,
  },
  listRollouts: {
    method: 'GET',
    path: '/api/endpoints/:endpoint/rollouts',
    permission: 'deployments:read',
    summary: 'Roll-outs of an endpoint, newest first.',
    params: z.object({ endpoint: z.string() }),
    query: PageQuery,
    reply: z.object({ rollouts: z.array(Rollout), next: z.string().nullable() }),
  },
  deployVersion: {
    method: 'POST',
    path: '/api/endpoints/:endpoint/deploy',
    permission: 'deployments:write',
    summary:
      'Puts a packaged version on an endpoint outside of any project. Production waits for its checks and a signature; development and staging answer at once.',
    params: z.object({ endpoint: z.string().regex(ENDPOINT_NAME, 'is no name: letters, digits, dots, dashes') }),
    body: z.object({
      model: z.string(),
      version: z.number().int().min(1),
      environment: z.enum(['production', 'staging', 'development']).default('production'),
    }),
    reply: Endpoint,
  },
  rollBack: {
    method: 'POST',
    path: '/api/endpoints/:endpoint/roll-back',
    permission: 'deployments:write',
    summary: 'Ends a canary, or puts the previous champion back.',
    params: z.object({ endpoint: z.string() }),
    body: z.object({ reason: z.string().min(1).max(500) }),
    reply: Endpoint,
  },
})
