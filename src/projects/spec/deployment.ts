import { z } from 'zod'
import { Condition, DEFAULT_ROLL_BACK_IF } from './conditions.ts'
import { Graph } from './graph.ts'
import { hasKey, oneOf } from './one-of.ts'
import { ColumnName, Duration, Name, Percent, Size, text } from './scalars.ts'
import { Strategy } from './strategy.ts'
import { says } from './wording.ts'

const Replay = z.strictObject({
  replay: Duration.meta({ description: 'answer the requests of this last period again' }),
})
const Requests = z.strictObject({
  requests: z.int().min(1).max(1_000_000).meta({ description: 'answer this many held-out rows, each checked' }),
})
const Load = z.strictObject({
  load: z
    .strictObject({
      rate: z.number().positive().max(100_000).meta({ description: 'requests per second' }),
      for: Duration.meta({ description: 'how long' }),
    })
    .meta({ description: 'keep up this load without an error' }),
})

export const ReleaseCheck = oneOf([Requests, Replay, Load], (value) =>
  hasKey(value, 'replay') ? Replay : hasKey(value, 'load') ? Load : Requests,
)
export type ReleaseCheck = z.output<typeof ReleaseCheck>

const Role = text('a role', 'Write the role that signs, or auto.')

const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/
const SecretName = z.string().regex(SECRET_NAME, {
  error: says('this is no name of a secret', 'Use capitals, digits and _, such as WAREHOUSE_PASSWORD.'),
})

export const Environment = z.strictObject({
  checks: z.array(ReleaseCheck).default([]).meta({ description: 'what a version must do here before it goes on' }),
  certify: z
    .union([Role, z.array(Role).min(1).max(10)])
    .default('auto')
    .meta({ description: 'the role that signs for a version here, or a list with one per signature; auto: nobody' }),
  limits: z
    .strictObject({
      requests_per_second: z.number().positive().max(1e6).optional().meta({
        description: 'more are refused with 429',
      }),
      latency: Duration.optional().meta({ description: 'the 99th percentile that a version must keep to' }),
      memory: Size.optional().meta({ description: 'what a version may take under load' }),
    })
    .default({})
    .meta({ description: 'what holds for everything that runs here' }),
  secrets: z.array(SecretName).default([]).meta({
    description: 'names of secrets that steps get as variables, each from ORRERY_SECRET_<NAME> of the server',
  }),
})
export type Environment = z.output<typeof Environment>

/** In the order a version passes through them. */
export const Environments = z.record(Name, Environment)

export const Combine = z.strictObject({
  last: z.int().min(1).max(16).meta({ description: 'how many versions answer together' }),
  window: Duration.prefault('7d').meta({
    description: 'their weights come from their loss on the labels of this last period',
  }),
  temperature: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'how evenly they are weighted: towards 0 the best alone' }),
})
export type Combine = z.output<typeof Combine>

export const PredictionLog = z.strictObject({
  sample: Percent.prefault('100%').meta({ description: 'the share of predictions that is logged' }),
  keep: Duration.prefault('400d').meta({ description: 'how long a logged prediction is kept' }),
  compact_after: Duration.prefault('7d').meta({
    description: 'when a prediction moves from the table into Parquet files; whatever reads the log has both',
  }),
  redact: z.array(ColumnName).default([]).meta({ description: 'columns whose values are never logged' }),
  redact_feedback: z
    .array(z.enum(['comment', 'person', 'value', 'tags']))
    .default([])
    .meta({ description: "parts of people's feedback that are never kept; ratings and agreement are counted anyway" }),
  pictures: Percent.prefault('0%').meta({
    description: 'the share of pictures that is kept; of each, its hash, size and statistics are logged anyway',
  }),
})
export type PredictionLog = z.output<typeof PredictionLog>

const amount = (description: string) => z.number().optional().meta({ description })

/** What a decision is worth, by what came of it. */
export const DecisionValue = z.strictObject({
  unit: z.string().min(1).max(20).default('').meta({ description: 'of the amounts, such as EUR' }),
  true_positive: amount('a positive that was called one'),
  false_positive: amount('a negative that was called positive'),
  true_negative: amount('a negative that was called one'),
  false_negative: amount('a positive that was missed'),
  right: amount('a right answer, where the four above are not given'),
  wrong: amount('a wrong answer, where the four above are not given'),
})
export type DecisionValue = z.output<typeof DecisionValue>

export const Deployment = z.strictObject({
  environment: Name.default('production').meta({ description: 'where it runs' }),
  version: z.int().min(1).optional().meta({
    description: 'the version that answers, whatever comes after it; the newest that is promoted when absent',
  }),
  graph: Graph.optional().meta({
    description: 'a model composed of versions that answer together; what the pipeline trains when absent',
  }),
  strategy: Strategy.prefault({ canary: ['10%', '50%', '100%'] }).meta({ description: 'how a new version takes over' }),
  answer: z
    .strictObject({ combine: Combine.meta({ description: 'a committee of the last versions' }) })
    .optional()
    .meta({ description: 'who answers; the champion alone when absent' }),
  roll_back_if: Condition.default(DEFAULT_ROLL_BACK_IF).meta({
    description: 'watched during a roll-out; true takes the version back',
  }),
  value: DecisionValue.optional().meta({
    description: 'what a decision is worth by what came of it: the business metric of roll-outs; 0 where not given',
  }),
  keep: z.int().min(1).max(20).default(2).meta({ description: 'how many versions stay ready to answer' }),
  log: PredictionLog.prefault({}).meta({ description: 'what is kept of each prediction' }),
  reference: z.enum(['first', 'none']).default('first').meta({
    description: 'keep the first version scoring in the shadow, to show what leaving it alone would have cost',
  }),
})
export type Deployment = z.output<typeof Deployment>

export const Deployments = z.record(Name, Deployment)
