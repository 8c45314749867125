import { z } from 'zod'

export const ExpectationResult = z.object({
  expectation: z.string().describe('In words: "nswprice is between 0 and 1".'),
  column: z.string().nullable(),
  otherwise: z.enum(['stop', 'warn', 'quarantine']),
  rule: z.string().optional().describe('The key it was written under, such as `between`.'),
  skew: z
    .enum(['schema', 'value'])
    .optional()
    .describe('What it is about: what the columns are, or what they hold. Absent in versions made before it was told.'),
  passed: z.boolean(),
  setAside: z
    .boolean()
    .optional()
    .describe('The rows that broke it are not in the version: they are in its quarantine.'),
  observed: z.string(),
  failing: z.int().describe('Rows, or periods, that break it.'),
  sample: z.array(z.object({ row: z.int().nullable(), value: z.string().nullable() })).describe('The first few.'),
})
export type ExpectationResult = z.infer<typeof ExpectationResult>
