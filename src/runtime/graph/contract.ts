import { z } from 'zod'

/** What answers: a part by its name, or parts put together. */
export type GraphStep =
  | string
  | { chain: GraphStep[] }
  | { combine: GraphStep[]; by: 'average' | 'vote'; weights?: number[] | undefined }
  | { switch: { when?: string | undefined; use: GraphStep }[] }

export const GraphStep: z.ZodType<GraphStep> = z.lazy(() =>
  z.union([
    z.string().min(1).max(100),
    z
      .strictObject({ chain: z.array(GraphStep).min(2).max(20) })
      .describe(
        'One after the other: what a part answers is a feature of those behind it, under the name of the part.',
      ),
    z
      .strictObject({
        combine: z.array(GraphStep).min(2).max(20),
        by: z.enum(['average', 'vote']).default('average'),
        weights: z.array(z.number().positive()).optional().describe('One for each; all alike when absent.'),
      })
      .describe('All at once: the mean of what they answer, or the share of those who say so.'),
    z
      .strictObject({
        switch: z
          .array(
            z.strictObject({
              when: z
                .string()
                .max(1_000)
                .optional()
                .describe('A condition on the features, in CEL; the last has none.'),
              use: GraphStep,
            }),
          )
          .min(2)
          .max(20),
      })
      .describe(
        'The first whose condition holds answers the row. A condition on a value that is missing does not hold.',
      ),
  ]),
)

const HEADER = /^[A-Za-z0-9-]{1,100}$/
/** These say who asks: they are nobody's feature, and would be logged. */
const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key']

/** What conditions read that is no feature of a part, by name. */
export const GraphInputs = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/),
    z.union([
      z.enum(['numeric', 'categorical']),
      z.strictObject({
        header: z
          .string()
          .regex(HEADER)
          .refine((name) => !SECRET_HEADERS.includes(name.toLowerCase()), { error: 'this header holds a secret' })
          .describe('A header of the request.'),
      }),
    ]),
  )
  .describe('What conditions read besides the features of the parts: a column of the record by its kind, or a header.')
export type GraphInputs = z.infer<typeof GraphInputs>

const PartName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/)

/** Versions of models that answer together. */
export const InferenceGraph = z.strictObject({
  parts: z
    .record(PartName, z.string().regex(/^.+@\d+$/))
    .describe('The parts by name: `model@version`, of packaged versions.'),
  inputs: GraphInputs.optional(),
  answer: GraphStep,
})
export type InferenceGraph = z.infer<typeof InferenceGraph>
