import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

/** Where the rows come from. */
export const BatchInput = z.union([
  z.strictObject({
    data: z.string().min(1).describe('A data set of the project.'),
    version: z.number().int().min(1).optional().describe('Its latest version when absent.'),
  }),
  z.strictObject({
    file: z
      .string()
      .min(1)
      .describe('CSV, JSON or Parquet: a path or a glob, where the server runs; or a folder, for a model of pictures.'),
  }),
  z.strictObject({ query: z.string().min(1).max(100_000).describe('One SELECT over the data sets of the project.') }),
])
export type BatchInput = z.infer<typeof BatchInput>

export const BatchRequest = z.object({
  score: z.string().min(1).describe('model@version, model@alias, or an endpoint: then its champion at the start.'),
  project: z.string().optional().describe('Whose data sets `input` names, and where its paths start.'),
  input: BatchInput,
  into: z
    .string()
    .min(1)
    .max(2_000)
    .describe(
      'A path ending in .parquet, sqlite:<path>, or postgres://… (the guide says how a password stays outside).',
    ),
  table: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'is no name of a table')
    .default('predictions')
    .describe('Of a database; made when it is not there.'),
  keep: z.array(z.string()).max(100).default([]).describe('Columns of the input that stand beside each answer.'),
  overwrite: z.boolean().default(false).describe('Replace a file that is there.'),
  partRows: z.number().int().min(1).max(1_000_000).default(100_000).describe('Rows that are committed at once.'),
})
export type BatchRequest = z.infer<typeof BatchRequest>

export const BatchOutcome = z.object({
  rows: z.number(),
  scored: z.number(),
  setAside: z.number().describe('Rows that did not fit the signature.'),
  reasons: z.array(z.object({ reason: z.string(), rows: z.number() })).describe('The commonest, at most 20.'),
  parts: z.number(),
  seconds: z.number(),
  aside: z.string().nullable().describe('Hash of the Parquet file with the rows set aside.'),
})
export type BatchOutcome = z.infer<typeof BatchOutcome>

export const Batch = z.object({
  id: z.string(),
  project: z.string().nullable(),
  schedule: z.string().nullable().describe('Of the project file, when one started it.'),
  score: z.string(),
  version: z.string().nullable().describe('model@version, once it is known.'),
  input: BatchInput,
  into: z.string().describe('Without its password.'),
  table: z.string().nullable(),
  keep: z.array(z.string()),
  by: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: z.object({ message: z.string(), fraction: z.number().nullable() }).nullable(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  outcome: BatchOutcome.nullable(),
  createdAt: z.number(),
  finishedAt: z.number().nullable(),
})
export type Batch = z.infer<typeof Batch>

const OneBatch = z.object({ batch: z.string() })

export const batchRoutes = defineRoutes({
  startBatch: {
    method: 'POST',
    path: '/api/batches',
    permission: 'batch:write',
    summary: 'Scores every row of a table into a file or a database. Goes on by itself, over restarts.',
    body: BatchRequest,
    reply: Batch,
    status: 202,
  },
  listBatches: {
    method: 'GET',
    path: '/api/batches',
    permission: 'batch:read',
    summary: 'Batches, newest first.',
    query: z.object({ project: z.string().optional(), limit: z.coerce.number().int().min(1).max(500).default(50) }),
    reply: z.object({ batches: z.array(Batch) }),
  },
  getBatch: {
    method: 'GET',
    path: '/api/batches/:batch',
    permission: 'batch:read',
    summary: 'One batch: how far it is, or how it ended.',
    params: OneBatch,
    reply: Batch,
  },
  cancelBatch: {
    method: 'POST',
    path: '/api/batches/:batch/cancel',
    permission: 'batch:write',
    summary: 'Ends a batch. Parts that are in a database stay there; a file is not made.',
    params: OneBatch,
    reply: Batch,
  },
  batchAside: {
    method: 'GET',
    path: '/api/batches/:batch/aside',
    permission: 'batch:read',
    summary: 'The rows that were set aside, with why: Parquet.',
    params: OneBatch,
    reply: z.unknown(),
    raw: true,
  },
})
