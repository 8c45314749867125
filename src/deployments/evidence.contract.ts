import { z } from 'zod'

const Figure = z.number().nullable()

/** A difference between candidate and champion; above 0 the candidate is better. */
export const Difference = z.object({
  value: z.number(),
  lower95: Figure,
  upper95: Figure,
  standardError: Figure,
})
export type Difference = z.infer<typeof Difference>

const Failures = z.object({ count: z.number(), requests: z.number(), rate: Figure })
const Percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable()

/** What a sequential test says by now; it may be looked at at any time. */
export const ExperimentEvidence = z.object({
  metric: z.string(),
  arms: z.object({
    control: z.object({ answers: z.number(), units: z.number(), mean: Figure }),
    treatment: z.object({ answers: z.number(), units: z.number(), mean: Figure }),
  }),
  difference: Figure.describe('Treatment minus control, in the unit of the metric; above 0 the treatment is better.'),
  lower: Figure.describe('Lower end of the confidence sequence at 1 - alpha: valid at every look at once.'),
  upper: Figure.describe('Upper end of the confidence sequence.'),
  p: Figure.describe('The always-valid p-value: the smallest so far.'),
  alpha: z.number(),
  minEffect: z.number(),
  decided: z.enum(['better', 'worse', 'no']).describe('`no`: not yet.'),
  needed: Figure.describe('Answers of both arms together that a difference of minEffect is expected to take at most.'),
})
export type ExperimentEvidence = z.infer<typeof ExperimentEvidence>

/** What was known of a candidate against its champion when it was looked at; what is not known is null. */
export const Evidence = z.object({
  requests: z.number().describe('Requests that both were asked in the time looked at.'),
  errors: z.object({ candidate: Failures, champion: Failures }),
  latency: z.object({ candidate: Percentiles, champion: Percentiles }).describe('Milliseconds.'),
  answers: z.object({ changed: Figure, psi: Figure }).nullable().describe('How far their answers differ.'),
  labels: z.number(),
  quality: z
    .object({ metric: z.string(), candidate: Figure, champion: Figure, improvement: Difference.nullable() })
    .nullable(),
  value: z
    .object({ unit: z.string(), candidate: z.number(), champion: z.number(), improvement: Difference })
    .nullable()
    .describe('Worth per decision, by the `value` of the project file.'),
  experiment: ExperimentEvidence.nullable(),
  rank: z.number().int().nullable().describe('Among the challengers; 1 is the best.'),
  conditions: z.array(z.object({ condition: z.string(), holds: z.boolean(), explanation: z.string() })),
})
export type Evidence = z.infer<typeof Evidence>

/** One look at a roll-out. */
export const RolloutLook = z.object({
  at: z.number(),
  eventTime: z.number().nullable(),
  state: z.string(),
  share: z.number(),
  note: z.string(),
  evidence: Evidence,
})
export type RolloutLook = z.infer<typeof RolloutLook>
