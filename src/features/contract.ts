import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

const Value = z.union([z.number(), z.string(), z.boolean(), z.null()])
const OneProject = z.object({ project: z.string() })

/** A view as it was used: which version of it, over which versions of its data sets. */
export const ViewUse = z.object({
  view: z.string(),
  version: z.int(),
  tables: z.record(z.string(), z.string()).describe('The version of each data set, by name.'),
})
export type ViewUse = z.infer<typeof ViewUse>

const Views = z.array(z.string()).min(1).max(100).optional().describe('All views of the project when absent.')

export const HistoricalBody = OneProject.extend({
  views: Views,
  rows: z
    .array(z.record(z.string(), Value))
    .min(1)
    .max(10_000)
    .describe('Entities, each with its keys and its time; other columns come back as they are.'),
  time: z.string().default('event_time').describe('The column with the time of each row.'),
  fullNames: z.boolean().default(false).describe('`view__column` instead of `column`.'),
})
export type HistoricalBody = z.output<typeof HistoricalBody>

export const JoinBody = OneProject.extend({
  views: Views,
  dataset: z.string().describe('The data set with the entities; its latest version.'),
  time: z.string().describe('Its column with the time of each row.'),
  into: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/)
    .describe('The data set that gets the result as its next version.'),
  fullNames: z.boolean().default(false),
})
export type JoinBody = z.output<typeof JoinBody>

export const JoinedVersion = z.object({
  version: z.string().describe('A data version.'),
  dataset: z.string(),
  number: z.int(),
  rows: z.int(),
  views: z.array(ViewUse),
})
export type JoinedVersion = z.infer<typeof JoinedVersion>

export const FeaturesJob = z.object({
  id: z.string(),
  kind: z.enum(['features.join', 'features.materialize']),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: z.string().nullable(),
  result: z.unknown(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
})
export type FeaturesJob = z.infer<typeof FeaturesJob>

const StartedJob = z.object({ job: z.string() })

export const FeatureColumnInfo = z.object({
  name: z.string(),
  type: z.enum(['number', 'text']),
  description: z.string(),
})

export const FeatureViewInfo = z.object({
  name: z.string(),
  version: z.int().describe('Grows with each definition that gives other values.'),
  content: z.string().describe('Hash of the definition.'),
  description: z.string(),
  owner: z.string(),
  from: z.array(z.string()),
  sql: z.string().nullable(),
  entities: z.array(z.string()),
  time: z.string(),
  created: z.string().nullable(),
  ttl: z.number().nullable().describe('ms; null for ever.'),
  online: z.boolean(),
  every: z.number().describe('ms between two materializations.'),
  columns: z.array(FeatureColumnInfo),
  since: z.number().describe('When this version was applied first.'),
})
export type FeatureViewInfo = z.infer<typeof FeatureViewInfo>

export const featureRoutes = defineRoutes({
  listFeatureViews: {
    method: 'GET',
    path: '/api/projects/:project/features',
    permission: 'features:read',
    summary: 'The project’s feature views.',
    params: OneProject,
    reply: z.object({ views: z.array(FeatureViewInfo) }),
  },
  getFeatureView: {
    method: 'GET',
    path: '/api/projects/:project/features/:view',
    permission: 'features:read',
    summary: 'One feature view with its versions.',
    params: OneProject.extend({ view: z.string() }),
    reply: FeatureViewInfo.extend({
      versions: z
        .array(z.object({ version: z.int(), content: z.string(), since: z.number() }))
        .describe('Newest first.'),
    }),
  },
  historicalFeatures: {
    method: 'POST',
    path: '/api/features/historical',
    permission: 'features:write',
    summary: 'Entities with their features as they were at a time; a small frame, answered at once.',
    body: HistoricalBody,
    reply: z.object({
      columns: z.array(z.string()),
      rows: z.array(z.array(Value)).describe('In the order they were sent; times as ISO 8601.'),
      views: z.array(ViewUse),
    }),
  },
  joinFeatures: {
    method: 'POST',
    path: '/api/features/join',
    permission: 'features:write',
    summary: 'Joins features to a whole data set; the result is a version of another one.',
    body: JoinBody,
    reply: StartedJob,
    status: 202,
  },
  getFeaturesJob: {
    method: 'GET',
    path: '/api/features/jobs/:job',
    permission: 'features:read',
    summary: 'How a join or a materialization stands.',
    params: z.object({ job: z.string() }),
    reply: FeaturesJob,
  },
})
