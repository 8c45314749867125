import { z } from 'zod'

export const FeatureSpec = z.object({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  categories: z.array(z.string()).optional(),
  required: z.boolean().optional().describe('The model has no answer where this is missing, so null is refused.'),
  header: z.string().optional().describe('The header of the request that fills it in; a record need not have it.'),
})
export type FeatureSpec = z.infer<typeof FeatureSpec>

/** One input of a graph: the features whose columns stand side by side in it. */
export const GraphInput = z.object({
  name: z.string(),
  type: z.enum(['float32', 'float64', 'int64', 'bool', 'string']),
  features: z.array(z.string()),
})
export type GraphInput = z.infer<typeof GraphInput>

/** The datatypes of the Open Inference Protocol V2. */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const
export type Datatype = (typeof DATATYPES)[number]

export const TensorSpec = z.object({
  name: z.string(),
  datatype: z.enum(DATATYPES),
  shape: z.array(z.number().int()).describe('-1 for a dimension of any size.'),
})
export type TensorSpec = z.infer<typeof TensorSpec>

/** How a picture becomes the input of a model; the numbers are those of its training. */
export const ImageInput = z.object({
  input: z.string().describe('The input of the graph that takes the pixels.'),
  width: z.number().int().min(1).max(8192),
  height: z.number().int().min(1).max(8192),
  channels: z.union([z.literal(1), z.literal(3)]),
  layout: z.enum(['NHWC', 'NCHW']),
  fit: z.enum(['fill', 'cover', 'contain']).describe('What is done to a picture of another shape.'),
  mean: z.array(z.number()).describe('Per channel, taken from the pixels after scaling to 0…1.'),
  std: z.array(z.number().positive()).describe('Per channel, divides the pixels after the mean was taken from them.'),
  embedding: z
    .string()
    .optional()
    .describe('An output [n, k] that says where a picture lies among those of the training; logged, for drift.'),
})
export type ImageInput = z.infer<typeof ImageInput>

/** The sizes of one picture in the input, after the number of pictures. */
export const pixelsOf = ({ width, height, channels, layout }: ImageInput): number[] =>
  layout === 'NHWC' ? [height, width, channels] : [channels, height, width]

/** What a version takes and gives; enforced at every request. */
export const Signature = z.object({
  task: z.enum(['binary', 'multiclass', 'regression']),
  features: z
    .array(FeatureSpec)
    .describe('What is measured of each picture, for a model of pictures; empty for one of plain tensors.'),
  /** Class labels in the order of the probabilities; the second is the positive one of a binary task. */
  classes: z.array(z.string()),
  label: z.string(),
  graph: z
    .object({ inputs: z.array(GraphInput), output: z.string() })
    .optional()
    .describe('How a model from elsewhere names what it takes and gives; our own have one input per feature.'),
  image: ImageInput.optional().describe('Its one input are pictures; the task and the classes say what it answers.'),
  tensors: z
    .object({ inputs: z.array(TensorSpec), outputs: z.array(TensorSpec) })
    .optional()
    .describe(
      'It takes and gives plain tensors: it has no records, no classes and no label, and its task means nothing.',
    ),
})
export type Signature = z.infer<typeof Signature>

/** Whether records of named features are what it takes. */
export const takesRecords = ({ image, tensors }: Signature): boolean => !image && !tensors

export { GraphInputs, GraphStep, InferenceGraph } from './graph/contract.ts'
