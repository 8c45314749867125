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

export const RunReply = z.object({
  info: RunInfo,
  data: z.object({ metrics: z.array(MetricReply), params: z.array(KeyValue), tags: z.array(KeyValue) }),
  inputs: z.object({
    dataset_inputs: z.array(DatasetInput),
    model_inputs: z.array(z.object({ model_id: z.string() })),
  }),
  outputs: z.object({ model_outputs: z.array(z.object({ model_id: z.string(), step: z.number() })) }),
})
export type RunReply = z.input<typeof RunReply>

export const ExperimentReply = z.object({
  experiment_id: z.string(),
  name: z.string(),
  artifact_location: z.string(),
  lifecycle_stage: z.enum(['active', 'deleted']),
  creation_time: z.number(),
  last_update_time: z.number(),
  tags: z.array(KeyValue),
})
export type ExperimentReply = z.input<typeof ExperimentReply>
