import { z } from 'zod'
import { defineRoutes } from '#platform/http/contract'

const Value = z.union([z.number(), z.string(), z.boolean(), z.null()])
const OneProject = z.object({ project: z.string() })

/** A cell as it stands in an address or on a command line: a number where it is written as one. */
export function cellFrom(written: string): number | string {
  const number = Number(written)
  return Number.isFinite(number) && String(number) === written ? number : written
}

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

const Lacking = z
  .record(z.string(), z.string())
  .default({})
  .describe('Views on demand that were not named, and left out: each with the column that the frame has not.')

export const JoinedVersion = z.object({
  version: z.string().describe('A data version.'),
  dataset: z.string(),
  number: z.int(),
  rows: z.int(),
  views: z.array(ViewUse),
  lacking: Lacking,
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

export const MaterializedView = z.object({
  view: z.string(),
  version: z.int(),
  changed: z.int().describe('Entities whose features were written or removed.'),
  entities: z.int().describe('Entities with a row.'),
})
export type MaterializedView = z.infer<typeof MaterializedView>

const Keys = z.record(z.string(), Value)

export const OnlineBody = OneProject.extend({
  views: Views,
  entities: z
    .array(Keys)
    .min(1)
    .max(10_000)
    .describe(
      'The keys of each entity, and what views on demand take of the request; what else is there is not looked at.',
    ),
  fullNames: z.boolean().default(false),
})

export const ViewFreshness = z.object({
  status: z
    .enum(['present', 'not_found', 'outside_ttl', 'computed', 'request_lacks'])
    .describe('`request_lacks`: a view on demand that was not named, and whose values of the request are not there.'),
  eventTime: z
    .number()
    .nullable()
    .describe('Since when the values hold, ms; of what is computed, the oldest of what it is computed from.'),
  age: z.number().nullable().describe('How long that is ago, ms.'),
  writtenAt: z.number().nullable(),
})
export type ViewFreshness = z.infer<typeof ViewFreshness>

export type OnlineBody = z.output<typeof OnlineBody>

export const OnlineReply = z.object({
  versions: z.record(z.string(), z.int()).describe('The version of each view that answered.'),
  rows: z
    .array(
      z.object({
        values: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
        views: z.record(z.string(), ViewFreshness).describe('How fresh the values of each view are.'),
      }),
    )
    .describe('In the order of the entities.'),
})
export type OnlineReply = z.infer<typeof OnlineReply>

export const FeatureStatistics = z.object({
  name: z.string(),
  rows: z.int(),
  missing: z.int(),
  distinct: z.int().describe('An estimate.'),
  numbers: z
    .object({
      ...{ min: z.number(), max: z.number(), mean: z.number().nullable(), std: z.number().nullable() },
      ...{ p05: z.number(), p50: z.number(), p95: z.number() },
    })
    .nullable(),
  top: z.array(z.object({ value: z.string(), count: z.int() })).nullable(),
})
export type FeatureStatistics = z.infer<typeof FeatureStatistics>

export const SkewMeasure = z.object({
  measuredAt: z.number(),
  sampled: z.int(),
  equal: z.int(),
  ahead: z.int().describe('Pushed since: of a later moment than the data.'),
  behind: z.int().describe('Of an earlier moment than the data.'),
  missing: z.int(),
  different: z.int().describe('Of the same moment, with other values.'),
  share: z.number().describe('Behind, missing or different, of those sampled.'),
  columns: z.record(z.string(), z.int()).describe('Differing values by feature.'),
  stale: z.boolean().describe('There is a newer version of a data set than the one that was materialized.'),
})
export type SkewMeasure = z.infer<typeof SkewMeasure>

export const MaterializationInfo = z.object({
  id: z.string(),
  startedAt: z.number(),
  finishedAt: z.number().nullable(),
  changed: z.int(),
  written: z.int(),
  entities: z.int(),
})

export const OnlineState = z.object({
  version: z.int().nullable().describe('The version that answers; null before the first materialization.'),
  entities: z.int(),
  youngest: z.number().nullable().describe('Event time of the youngest row that was materialized, ms.'),
  materializedAt: z.number().nullable(),
  failure: z
    .object({ at: z.number(), code: z.string(), message: z.string(), hint: z.string() })
    .nullable()
    .describe('Why the last materialization came to nothing.'),
  statistics: z.array(FeatureStatistics),
  skew: SkewMeasure.nullable(),
})
export type OnlineState = z.infer<typeof OnlineState>

export const FeatureColumnInfo = z.object({
  name: z.string(),
  type: z.enum(['number', 'text']),
  description: z.string(),
  expression: z.string().nullable().describe('How it is computed, of a view on demand.'),
})

export const StreamInfo = z.object({
  server: z.string(),
  name: z.string(),
  subject: z.string().nullable(),
  consumer: z.string().describe('The durable consumer that NATS knows.'),
  connected: z.boolean().describe('This server, now.'),
  lag: z.int().nullable().describe('Messages that are not kept yet; null before NATS was asked.'),
  received: z.int().describe('Messages since this server started.'),
  lastMessageAt: z.number().nullable(),
  rejected: z.int().describe('Messages that were set aside, of the last thousand of those.'),
  logged: z.int().describe('Rows that no version of the data set has yet.'),
  error: z.object({ at: z.number(), message: z.string() }).nullable(),
})
export type StreamInfo = z.infer<typeof StreamInfo>

export const OnDemandInfo = z.object({
  views: z.array(z.string()).describe('What it is computed from.'),
  request: z.record(z.string(), z.enum(['number', 'text', 'time'])).describe('What a request says itself.'),
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
  time: z.string().nullable().describe('Null for a view on demand.'),
  created: z.string().nullable(),
  ttl: z.number().nullable().describe('ms; null for ever.'),
  online: z.boolean(),
  every: z.number().nullable().describe('ms between two materializations; null for a view on demand.'),
  onDemand: OnDemandInfo.nullable().describe('Null for a view with rows.'),
  columns: z.array(FeatureColumnInfo),
  stream: StreamInfo.nullable().describe('Null for a view that is not fed from a stream.'),
  since: z.number().describe('When this version was applied first.'),
  state: OnlineState.nullable().describe('Null for a view of which nothing is kept online.'),
})
export type FeatureViewInfo = z.infer<typeof FeatureViewInfo>

export const FoundFeature = z.object({
  project: z.string(),
  view: z.string(),
  version: z.int(),
  feature: z.string(),
  type: z.enum(['number', 'text']),
  entities: z.array(z.string()),
  owner: z.string(),
  description: z.string().describe('Of the feature, or else of its view.'),
  online: z.boolean(),
})
export type FoundFeature = z.infer<typeof FoundFeature>

export const featureRoutes = defineRoutes({
  searchFeatures: {
    method: 'GET',
    path: '/api/features',
    permission: 'features:read',
    summary: 'Features of all projects by name, view, key, owner or description; the best fit first.',
    query: z.object({
      q: z.string().max(200).default('').describe('Words; a feature has to have every one of them.'),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    reply: z.object({ found: z.int().describe('All of them.'), features: z.array(FoundFeature) }),
  },
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
        .array(
          z.object({
            version: z.int(),
            content: z.string(),
            since: z.number(),
            statistics: z
              .array(FeatureStatistics)
              .describe('When it was materialized last; none where that never was, or is long ago.'),
          }),
        )
        .describe('Newest first.'),
      usedBy: z
        .array(z.object({ dataset: z.string(), endpoints: z.array(z.string()) }))
        .describe('Data sets it is joined to, each with the endpoints whose models learn from it.'),
      materializations: z.array(MaterializationInfo).describe('Newest first.'),
    }),
  },
  listRejectedMessages: {
    method: 'GET',
    path: '/api/projects/:project/features/:view/rejected',
    permission: 'features:read',
    summary: 'Messages of a view’s stream that were no rows of it, newest first, each with the reason.',
    params: OneProject.extend({ view: z.string() }),
    query: z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(20) }),
    reply: z.object({
      rejected: z.int().describe('All that are kept.'),
      messages: z.array(
        z.object({
          origin: z.string().describe('The stream, and when it was made.'),
          seq: z.int().describe('Its number there.'),
          at: z.number(),
          reason: z.string(),
          body: z.string().describe('Its beginning.'),
        }),
      ),
    }),
  },
  onlineFeatures: {
    method: 'POST',
    path: '/api/features/online',
    permission: 'features:read',
    summary: 'The features of entities as they are now, each with how fresh it is.',
    body: OnlineBody,
    reply: OnlineReply,
    unchecked: true,
  },
  getOnlineFeatures: {
    method: 'GET',
    path: '/api/features/online',
    permission: 'features:read',
    summary: 'As the POST, for one entity: its keys stand in the query, `?project=churn&customer_id=7`.',
    query: z.looseObject({
      project: z.string(),
      views: z.string().optional().describe('Separated by commas; all views of the project when absent.'),
    }),
    reply: OnlineReply,
    unchecked: true,
  },
  pushFeatures: {
    method: 'POST',
    path: '/api/features/push',
    permission: 'features:write',
    summary: 'Rows of a view as they happen, straight into the online store.',
    body: OneProject.extend({
      view: z.string(),
      rows: z.array(Keys).min(1).max(10_000).describe('With the keys, the times and every feature of the view.'),
    }),
    reply: z.object({
      kept: z.int(),
      older: z.int().describe('Rows of an earlier moment than what is kept: they change nothing.'),
    }),
  },
  materializeFeatures: {
    method: 'POST',
    path: '/api/features/materialize',
    permission: 'features:write',
    summary: 'Brings the online store to what the data says now; one job for each view.',
    body: OneProject.extend({ views: Views }),
    reply: z.object({ jobs: z.array(z.object({ view: z.string(), job: z.string() })) }),
    status: 202,
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
      lacking: Lacking,
    }),
  },
  historicalTable: {
    method: 'POST',
    path: '/api/features/historical.parquet',
    permission: 'features:write',
    summary: 'A frame of entities of any size with its features as they were: Parquet in, Parquet out, rows in order.',
    query: OneProject.extend({
      views: z.string().optional().describe('Separated by commas; all views of the project when absent.'),
      time: z.string().default('event_time').describe('The column with the time of each row.'),
      fullNames: z.enum(['true', 'false']).default('false').describe('`view__column` instead of `column`.'),
    }),
    reply: z.unknown(),
    upload: true,
    raw: true,
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
