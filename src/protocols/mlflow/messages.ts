/** Pieces of MLflow's messages: JSON of protocol buffers, where whole numbers may come as text. */
import { z } from 'zod'

const WHOLE = /^-?\d{1,16}$/

export const Int64 = z
  .union([z.int(), z.string().regex(WHOLE, 'is no whole number')])
  .transform(Number)
  .refine(Number.isSafeInteger, 'is no whole number of 53 bits')

/** How many of a list are wanted at most. */
export const pageSize = (largest: number) =>
  Int64.refine((size) => size >= 1 && size <= largest, `is not from 1 to ${largest}`)

/** As many ids as one statement takes with room to spare. */
export const ExperimentIds = z.array(z.string()).max(10_000)

/** JSON has no word for what is no finite number; protocol buffers write it as text. */
export const Double = z
  .union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']), z.string().regex(/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/)])
  .transform(Number)

/**
 * A message as protocol buffers read its JSON: `null` is a field that was not set. Only what is asked for may be
 * written with this, because it walks the whole of it.
 */
export const message = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess(withoutNulls, z.object(shape))

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const set = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(set.map(([key, inner]) => [key, withoutNulls(inner)]))
}

/** Protocol buffers leave out a list with nothing in it. */
export const unlessEmpty = <Key extends string, Item>(key: Key, items: Item[]) =>
  (items.length > 0 ? { [key]: items } : {}) as { [K in Key]?: Item[] }

/** Of a query, where one value is no list. */
export const OneOrMore = z.union([z.array(z.string()), z.string().transform((one) => [one])]).default([])

/** A text that has to be there. */
export const Required = z.string().min(1, 'is missing')

export const KeyValue = z.object({ key: z.string(), value: z.string().default('') })
export type KeyValue = z.output<typeof KeyValue>

export const Tags = z.array(KeyValue).default([])

/** Old clients call a run's id `run_uuid`; today's send both. */
export const RunRef = z.object({ run_id: z.string().optional(), run_uuid: z.string().optional() })

export const PageToken = z.string().optional()

/** By name, or by the number it has in protocol buffers. */
export const ViewType = z
  .union([z.enum(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']), z.literal([1, 2, 3]), z.enum(['1', '2', '3'])])
  .transform((view) => BINS[view])
  .optional()

const BINS: Record<string, 'only' | 'with' | undefined> = {
  ...{ ACTIVE_ONLY: undefined, DELETED_ONLY: 'only', ALL: 'with' },
  ...{ 1: undefined, 2: 'only', 3: 'with' },
}

export const MetricReply = z.object({
  key: z.string(),
  value: z.union([z.number(), z.literal('NaN')]),
  timestamp: z.number(),
  step: z.number(),
  model_id: z.string().optional(),
  dataset_name: z.string().optional(),
  dataset_digest: z.string().optional(),
  run_id: z.string().optional(),
})
export type MetricReply = z.input<typeof MetricReply>

export const FileInfo = z.object({ path: z.string(), is_dir: z.boolean(), file_size: z.number().optional() })
export type FileInfo = z.input<typeof FileInfo>

export const Nothing = z.object({})

export const RunInfo = z.object({
  run_id: z.string(),
  run_uuid: z.string(),
  run_name: z.string(),
  experiment_id: z.string(),
  user_id: z.string(),
  status: z.string(),
  start_time: z.number(),
  end_time: z.number().optional(),
  artifact_uri: z.string(),
  lifecycle_stage: z.enum(['active', 'deleted']),
})
export type RunInfo = z.input<typeof RunInfo>

export const DatasetInput = z.object({
  tags: Tags,
  dataset: z.object({
    name: z.string().max(500),
    digest: z.string().max(36),
    source_type: z.string(),
    source: z.string(),
    schema: z.string().optional(),
    profile: z.string().optional(),
  }),
})
export type DatasetInput = z.output<typeof DatasetInput>

export const DatasetInputReply = DatasetInput.extend({ tags: z.array(KeyValue).optional() })

export const RunReply = z.object({
  info: RunInfo,
  data: z.object({
    metrics: z.array(MetricReply).optional(),
    params: z.array(KeyValue).optional(),
    tags: z.array(KeyValue).optional(),
  }),
  inputs: z.object({
    dataset_inputs: z.array(DatasetInputReply).optional(),
    model_inputs: z.array(z.object({ model_id: z.string() })).optional(),
  }),
  outputs: z
    .object({ model_outputs: z.array(z.object({ model_id: z.string(), step: z.number() })).optional() })
    .optional(),
})
export type RunReply = z.input<typeof RunReply>

export const ExperimentReply = z.object({
  experiment_id: z.string(),
  name: z.string(),
  artifact_location: z.string(),
  lifecycle_stage: z.enum(['active', 'deleted']),
  creation_time: z.number(),
  last_update_time: z.number(),
  tags: z.array(KeyValue).optional(),
  workspace: z.literal('default'),
})
export type ExperimentReply = z.input<typeof ExperimentReply>
