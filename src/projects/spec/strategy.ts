import { z } from 'zod'
import { Condition } from './conditions.ts'
import { hasKey, oneOf } from './one-of.ts'
import { ColumnName, Duration, Percent, text } from './scalars.ts'
import { says } from './wording.ts'

const hold = Duration.meta({ description: "how long each step is watched, in the requests' own time" })
const clock = Duration.optional().meta({ description: 'how long each step is watched by the clock on the wall' })
const requests = z.int().min(1).max(1_000_000_000).optional().meta({
  description: 'how many requests each step sees before the next',
})
const promoteIf = Condition.optional().meta({
  description: 'what must hold for the next step; until then a step goes on',
})

const Canary = z.strictObject({
  canary: z
    .array(Percent)
    .min(1, { error: says('a canary needs steps', 'Write the shares of traffic, such as [10%, 50%, 100%].') })
    .refine((steps) => steps.every((step, i) => step > (i === 0 ? 0 : steps[i - 1]!)), {
      error: says('the steps do not rise', 'Write rising shares of traffic, such as [10%, 50%, 100%].'),
    })
    .refine((steps) => steps.at(-1) === 1, {
      error: says('the last step is not all of the traffic', 'End with 100%.'),
    })
    .meta({ description: 'the shares of traffic a new version takes, step by step' }),
  hold: hold.optional().meta({
    description:
      "how long each step is watched, in the requests' own time; 1d where neither clock nor requests is given",
  }),
  clock,
  requests,
  promote_if: promoteIf,
})

const Rolling = z.strictObject({
  rolling: z
    .union([
      z.literal(true),
      z.strictObject({
        parts: z.int().min(2).max(100).meta({ description: 'in how many equal parts the traffic moves' }),
        every: Duration.prefault('30s').meta({ description: 'the time between two parts, by the clock on the wall' }),
      }),
    ])
    .meta({ description: 'replace the version without a comparison: at once with `true`, or part by part' }),
})

const BlueGreen = z.strictObject({
  blue_green: z.literal(true).meta({
    description: 'both versions warm, all of the traffic switched at once, the old one ready to go back to',
  }),
  clock: Duration.prefault('10m').meta({ description: 'how long the old version stays warm after the switch' }),
  requests,
  promote_if: promoteIf,
})

const StickyColumn = z.strictObject({ column: ColumnName.meta({ description: 'a column of the record' }) })
const StickyHeader = z.strictObject({
  header: text('a header', 'Write the name of a request header, such as x-user-id.').meta({
    description: 'a header of the request',
  }),
})
const StickyKey = oneOf([StickyColumn, StickyHeader], (value) =>
  hasKey(value, 'header') ? StickyHeader : StickyColumn,
)

/** What an experiment measures of each answer; above is better. */
export const AB_METRICS = ['correct', 'value', 'outcome', 'loss'] as const

const Ab = z.strictObject({
  ab: z
    .strictObject({
      share: Percent.prefault('50%').meta({ description: 'the share of the new version; the rest is the control' }),
      by: StickyKey.optional().meta({
        description: 'what keeps its arm: a column of the record or a header; each request by itself when absent',
      }),
      metric: z.enum(AB_METRICS).default('correct').meta({
        description: 'what is compared: answers that were right, value per decision, the outcome itself, or the loss',
      }),
      min_effect: z.number().positive().meta({
        description: 'the least difference of the metric that would matter, in its own unit',
      }),
      base_rate: z.number().optional().meta({
        description: 'the metric of the control as it is expected, for the sample size; measured when absent',
      }),
      alpha: z
        .number()
        .gt(0)
        .lt(0.5)
        .default(0.05)
        .meta({ description: 'the risk of seeing a difference that is none' }),
      power: z.number().gt(0.5).lt(1).default(0.8).meta({
        description: 'the chance of seeing a difference of min_effect',
      }),
      at_most: Duration.prefault('28d').meta({ description: "the longest it runs, in the requests' own time" }),
      otherwise: z.enum(['keep', 'promote']).default('keep').meta({
        description: 'what happens when it ends undecided: keep the control, or promote',
      }),
    })
    .meta({ description: 'an experiment with a control, decided by a sequential test' }),
})

const Shadow = z.strictObject({
  shadow: z.literal(true).meta({ description: 'the new version scores everything and answers nothing' }),
  hold: hold.optional(),
  clock,
  requests,
  promote_if: promoteIf,
  afterwards: z.enum(['promote', 'wait']).default('promote').meta({
    description: 'what follows the shadow: promotion, or a wait until a person decides',
  }),
})

const Challenger = z.strictObject({
  challengers: z.int().min(1).max(10).meta({ description: 'how many versions run beside the champion in the shadow' }),
  promote_if: Condition.default('labels >= 200 && improvement.lower95 > 0').meta({
    description: 'what the best challenger must show to become the champion',
  }),
})

const FORMS = {
  rolling: Rolling,
  blue_green: BlueGreen,
  ab: Ab,
  shadow: Shadow,
  challengers: Challenger,
  canary: Canary,
} as const

/** How a new version takes over. */
export const Strategy = oneOf([Canary, Rolling, BlueGreen, Ab, Shadow, Challenger], (value) => {
  const named = (Object.keys(FORMS) as (keyof typeof FORMS)[]).find((key) => hasKey(value, key))
  return FORMS[named ?? 'canary']
})
export type Strategy = z.output<typeof Strategy>
