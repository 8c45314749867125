import { z } from 'zod'
import { hasKey, oneOf } from './one-of.ts'
import { text } from './scalars.ts'
import { says } from './wording.ts'

/** How an answer is made of parts, and of answers made so. As the runtime takes it. */
export type GraphStep =
  | string
  | { chain: GraphStep[] }
  | { combine: GraphStep[]; by: 'average' | 'vote'; weights?: number[] | undefined }
  | { switch: { when?: string | undefined; use: GraphStep }[] }

const PART = /^[a-z][a-z0-9_]{0,39}$/
const VERSION = /^.+@[1-9]\d*$/
/** Deeper than anybody draws. */
const DEEPEST = 6

const PartName = z.string().regex(PART, {
  error: says('this is no name of a part', 'Begin with a small letter; then small letters, digits and _.'),
})

function stepAt(level: number): z.ZodType<GraphStep> {
  if (level > DEEPEST)
    return z.never({ error: says('this is nested too deeply', `Put at most ${DEEPEST} steps into each other.`) })
  const inner = stepInside(level + 1)
  const inners = (description: string) => z.array(inner).min(2).max(20).meta({ description })
  const Chain = z.strictObject({
    chain: inners('one after the other: what a part answers is a feature of those behind it, under its name'),
  })
  const CombineParts = z.strictObject({
    combine: inners('all at once'),
    by: z.enum(['average', 'vote']).default('average').meta({
      description: 'the mean of what they answer, or the share of those who say so',
    }),
    weights: z.array(z.number().positive()).optional().meta({ description: 'one for each; all alike when absent' }),
  })
  const Switch = z.strictObject({
    switch: z
      .array(
        z.strictObject({
          when: text('a condition', 'Write one such as tenure < 3.').optional().meta({
            description: 'a condition on the columns of the record, in CEL; the last branch has none',
          }),
          use: inner,
        }),
      )
      .min(2)
      .max(20)
      .refine((branches) => branches.every(({ when }, i) => (when === undefined) === (i === branches.length - 1)), {
        error: says('not every record finds a branch', 'Give each branch a `when:` but the last.'),
      })
      .meta({ description: 'the first branch whose condition holds answers; what is missing fulfils none' }),
  })
  const forms = [PartName, Chain, CombineParts, Switch] as const
  return oneOf(forms, (value) => {
    if (hasKey(value, 'chain')) return Chain
    if (hasKey(value, 'combine')) return CombineParts
    return hasKey(value, 'switch') ? Switch : PartName
  }) as unknown as z.ZodType<GraphStep>
}

/** Checked when it is reached, and told to editors without its forms: they are those of the step around it. */
function stepInside(level: number): z.ZodType<GraphStep> {
  const written = z.unknown().meta({ anyOf: [{ type: 'string' }, { type: 'object' }] })
  return z.codec(written, z.unknown(), {
    decode: (value, context) => {
      const result = stepAt(level).safeParse(value, { reportInput: true })
      if (result.success) return result.data
      for (const issue of result.error.issues) context.issues.push(issue as z.core.$ZodRawIssue)
      return z.NEVER
    },
    encode: (value) => value,
  }) as unknown as z.ZodType<GraphStep>
}

const Kind = z.enum(['numeric', 'categorical'])
const Header = z.strictObject({
  header: text('a header', 'Write the name of a request header, such as x-tier.').meta({
    description: 'a header of the request; it is logged as this column',
  }),
})

export const Graph = z.strictObject({
  parts: z
    .record(
      PartName,
      z.string().regex(VERSION, {
        error: says('this names no version', 'Write model@version, such as churn@12.'),
      }),
    )
    .refine((parts) => Object.keys(parts).length > 0, {
      error: says('there is no part', 'Name a version, such as trees: churn@12.'),
    })
    .meta({ description: 'versions that are packaged, each under the name it has here' }),
  inputs: z
    .record(
      z.string(),
      oneOf([Kind, Header], (value) => (hasKey(value, 'header') ? Header : Kind)),
    )
    .optional()
    .meta({ description: 'what conditions read that is no feature of a part: a column by its kind, or a header' }),
  answer: stepAt(0).meta({ description: 'who answers: a part, or parts in a chain, combined, or switched between' }),
})
export type Graph = z.output<typeof Graph>

/** Every part that a step names, with where it names it. */
export function namedParts(step: GraphStep, path: readonly PropertyKey[]): { part: string; path: PropertyKey[] }[] {
  if (typeof step === 'string') return [{ part: step, path: [...path] }]
  if ('chain' in step) return step.chain.flatMap((one, i) => namedParts(one, [...path, 'chain', i]))
  if ('combine' in step) return step.combine.flatMap((one, i) => namedParts(one, [...path, 'combine', i]))
  return step.switch.flatMap(({ use }, i) => namedParts(use, [...path, 'switch', i, 'use']))
}
