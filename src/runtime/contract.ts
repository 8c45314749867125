import { z } from 'zod'

export const FeatureSpec = z.object({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  categories: z.array(z.string()).optional(),
  required: z.boolean().optional().describe('The model has no answer where this is missing, so null is refused.'),
})
export type FeatureSpec = z.infer<typeof FeatureSpec>

/** One input of a graph: the features whose columns stand side by side in it. */
export const GraphInput = z.object({
  name: z.string(),
  type: z.enum(['float32', 'float64', 'int64', 'bool', 'string']),
  features: z.array(z.string()),
})
export type GraphInput = z.infer<typeof GraphInput>

/** What a version takes and gives; enforced at every request. */
export const Signature = z.object({
  task: z.enum(['binary', 'multiclass', 'regression']),
  features: z.array(FeatureSpec),
  /** Class labels in the order of the probabilities; the second is the positive one of a binary task. */
  classes: z.array(z.string()),
  label: z.string(),
  graph: z
    .object({ inputs: z.array(GraphInput), output: z.string() })
    .optional()
    .describe('How a model from elsewhere names what it takes and gives; our own have one input per feature.'),
})
export type Signature = z.infer<typeof Signature>
