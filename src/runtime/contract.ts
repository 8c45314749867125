import { z } from 'zod'

export const FeatureSpec = z.object({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  categories: z.array(z.string()).optional(),
})
export type FeatureSpec = z.infer<typeof FeatureSpec>

/** What a version takes and gives; enforced at every request. */
export const Signature = z.object({
  task: z.enum(['binary', 'multiclass', 'regression']),
  features: z.array(FeatureSpec),
  /** Class labels in the order of the probabilities; the second is the positive one of a binary task. */
  classes: z.array(z.string()),
  label: z.string(),
})
export type Signature = z.infer<typeof Signature>
