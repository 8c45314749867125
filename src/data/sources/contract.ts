import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

export const SourcePlace = z.enum(['files', 'url', 'api', 's3', 'postgres', 'mysql', 'sqlite', 'upload', 'predictions'])

/** What came of asking a source. */
export const SourceCheck = z.object({
  state: z.enum(['available', 'stale', 'failed']).describe('stale: there, but older than `fresh_within` allows.'),
  message: z.string().describe('What was found, or what is wrong.'),
  code: z.string().nullable(),
  hint: z.string().nullable(),
  changedAt: z
    .number()
    .nullable()
    .describe('When it last changed, or its latest row is of; null where it does not say.'),
  bytes: z.number().nullable(),
  files: z.int().nullable(),
  checkedAt: z.number(),
  tookMs: z.number(),
})
export type SourceCheck = z.infer<typeof SourceCheck>

export const SourceCard = z.object({
  dataset: z.string(),
  source: z.string().describe('As written in the project file, secrets by their names.'),
  place: SourcePlace,
  owner: z.string().nullable(),
  licence: z.string().nullable(),
  cost: z.string().nullable(),
  sensitivity: z.enum(['public', 'internal', 'confidential', 'personal']).nullable(),
  freshWithin: z.number().nullable().describe('Milliseconds.'),
  poll: z.number().nullable().describe('Milliseconds.'),
  pinned: z.boolean(),
  latest: z
    .object({ version: z.string(), number: z.int(), rows: z.int(), createdAt: z.number() })
    .nullable()
    .describe('The newest version that was made of it.'),
  check: SourceCheck.nullable().describe('The last one; null before the first.'),
})
export type SourceCard = z.infer<typeof SourceCard>

export const Upload = z.object({
  id: z.string(),
  name: z.string().describe('Of the file, as it was sent.'),
  bytes: z.number(),
  sha256: z.string(),
  by: z.string(),
  at: z.number(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: z.string().nullable(),
  version: z.string().nullable().describe('The data version it became.'),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
})
export type Upload = z.infer<typeof Upload>

const OneSource = z.object({ project: z.string(), dataset: z.string() })

export const dataSourceRoutes = defineRoutes({
  listSources: {
    method: 'GET',
    path: '/api/projects/:project/sources',
    permission: 'data:read',
    summary:
      'Where the project’s data comes from: who owns it, what it may be used for, and what the last check found.',
    params: z.object({ project: z.string() }),
    reply: z.object({ sources: z.array(SourceCard) }),
  },
  checkSource: {
    method: 'POST',
    path: '/api/projects/:project/sources/:dataset/check',
    permission: 'data:write',
    summary: 'Asks a source whether it is there, and how fresh. Nothing is read but what tells that.',
    params: OneSource,
    reply: SourceCard,
  },
  uploadTable: {
    method: 'POST',
    path: '/api/projects/:project/sources/:dataset/uploads',
    permission: 'data:write',
    summary:
      'Takes a table as it is sent (any format that is read from files) for a data set whose source is upload://.',
    params: OneSource,
    query: z.object({
      name: z.string().min(1).max(255).describe('Of the file: its extension helps to tell the format.'),
    }),
    reply: Upload,
    status: 202,
    upload: true,
  },
  listUploads: {
    method: 'GET',
    path: '/api/projects/:project/sources/:dataset/uploads',
    permission: 'data:read',
    summary: 'What was uploaded for a data set, newest first, and what became of it.',
    params: OneSource,
    query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(10) }),
    reply: z.object({ uploads: z.array(Upload) }),
  },
  readSource: {
    method: 'GET',
    path: '/api/projects/:project/sources/:dataset/rows',
    permission: 'data:read',
    summary:
      'The rows of a source that only the server knows: the newest upload as it was sent, or its prediction log as JSON lines.',
    params: OneSource,
    reply: z.unknown(),
    raw: true,
  },
})
