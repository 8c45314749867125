import { z } from 'zod'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { Evidence, RolloutLook } from './evidence.contract.ts'

export { Difference, Evidence, ExperimentEvidence, RolloutLook } from './evidence.contract.ts'

/** A version with its part of an answer: weights of a committee sum to 1; a lone champion has weight 1. */
export const WeightedVersion = z.object({ version: z.number().int(), weight: z.number() })
export type WeightedVersion = z.infer<typeof WeightedVersion>

/** What keeps the same arm of an experiment: a column of the record, or a header of the request. */
export const Sticky = z.union([z.object({ column: z.string() }), z.object({ header: z.string() })])
export type Sticky = z.infer<typeof Sticky>

/** Which versions answer an endpoint now. Changing it is one row: roll-back is as fast as the next request. */
export const Traffic = z.object({
  stable: z.array(WeightedVersion).describe('What answers by default; the youngest is the champion.'),
  canary: z
    .object({
      version: z.number().int(),
      share: z.number().min(0).max(1),
      answer: z.array(WeightedVersion),
      sticky: Sticky.nullish().describe('What keeps its arm; the prediction id where absent.'),
    })
    .nullable()
    .describe('What answers `share` of the requests, picked by a hash.'),
  shadow: z.array(z.number().int()).optional().describe('Score everything and answer nothing.'),
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

/** `shadow` to `baking` are live: the version scores what the endpoint is asked, and answers its share of it. */
export const LIVE_STATES = ['shadow', 'challenger', 'canary', 'rolling', 'ab', 'baking'] as const

export const RolloutState = z.enum([
  'staging',
  'awaiting_certification',
  ...LIVE_STATES,
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
  by: z.string().nullable().describe('The person who decided; null where a rule did.'),
  evidence: Evidence.nullable(),
})
export type RolloutEntry = z.infer<typeof RolloutEntry>

/** A step is over when all that it asks for has passed; 0 asks for nothing. */
export const RolloutStep = z.object({
  kind: z.enum(LIVE_STATES),
  share: z.number().describe('Of the answers.'),
  hold: z.object({
    eventMs: z.number().describe("In the requests' own time."),
    clockMs: z.number().describe('By the clock on the wall, pauses left out.'),
    requests: z.number(),
  }),
})
export type RolloutStep = z.infer<typeof RolloutStep>

export const Experiment = z.object({
  by: Sticky.nullable(),
  metric: z.enum(['correct', 'value', 'outcome', 'loss']),
  minEffect: z.number(),
  baseRate: z.number().nullable(),
  alpha: z.number(),
  power: z.number(),
  atMostMs: z.number(),
  otherwise: z.enum(['keep', 'promote']),
})
export type Experiment = z.infer<typeof Experiment>

export const StrategyName = z.enum(['rolling', 'blue_green', 'canary', 'ab', 'shadow', 'challenger'])
export type StrategyName = z.infer<typeof StrategyName>

export const Rollout = z.object({
  id: z.string(),
  endpoint: z.string(),
  project: z.string().nullable(),
  model: z.string(),
  version: z.number().int(),
  from: z.number().int().nullable().describe('The champion it set out to replace.'),
  strategy: StrategyName,
  state: RolloutState,
  steps: z.array(RolloutStep).describe('What comes before promotion, in order.'),
  step: z.number().int(),
  share: z.number(),
  experiment: Experiment.nullable(),
  waits: z.boolean().describe('After its last step a person decides.'),
  began: z
    .object({ at: z.number(), eventTime: z.number().nullable(), requests: z.number().nullable() })
    .nullable()
    .describe('When the step under way began: by the clock, in event time, in requests answered before.'),
  paused: z
    .object({ at: z.number(), by: z.string(), reason: z.string() })
    .nullable()
    .describe('No step follows while it is paused; a rule still takes it back.'),
  pausedMs: z.number().describe('How long this step has been paused before.'),
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
  listLooks: {
    method: 'GET',
    path: '/api/rollouts/:rollout/looks',
    permission: 'deployments:read',
    summary: 'What was known of a roll-out at each look, oldest first, at most some hundred of them.',
    params: z.object({ rollout: z.string() }),
    reply: z.object({ rollout: Rollout, looks: z.array(RolloutLook) }),
  },
  steerRollout: {
    method: 'POST',
    path: '/api/endpoints/:endpoint/rollout',
    permission: 'deployments:write',
    summary: 'Pauses, resumes or aborts the roll-out under way, or skips its step; on record with who and why.',
    params: z.object({ endpoint: z.string() }),
    body: z.object({
      action: z.enum(['pause', 'resume', 'skip', 'abort']),
      reason: z.string().trim().min(1).max(500),
      version: z.number().int().optional().describe('Which, where several are under way.'),
    }),
    reply: Rollout,
  },
  experimentSize: {
    method: 'GET',
    path: '/api/experiment-size',
    permission: 'deployments:read',
    summary: 'How many answers of both arms together an experiment takes to see an effect.',
    query: z.object({
      base_rate: z.coerce.number().gt(0).lt(1).describe('The rate of the control.'),
      min_effect: z.coerce.number().gt(0).lt(1).describe('The least difference that would matter.'),
      alpha: z.coerce.number().gt(0).lt(0.5).default(0.05),
      power: z.coerce.number().gt(0.5).lt(1).default(0.8),
      share: z.coerce.number().gt(0).lt(1).default(0.5).describe('Of the new version.'),
    }),
    reply: z.object({
      sequential: z.number().describe('At most, of the sequential test, which may be looked at any time.'),
      fixed: z.number().describe('Of a test that is looked at once, at its end.'),
    }),
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
    summary: 'Ends the roll-out that is live, or puts the previous champion back.',
    params: z.object({ endpoint: z.string() }),
    body: z.object({ reason: z.string().min(1).max(500) }),
    reply: Endpoint,
  },
})
