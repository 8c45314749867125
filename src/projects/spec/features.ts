import { z } from 'zod'
import { hasKey, oneOf } from './one-of.ts'
import { Expression } from './prepare.ts'
import { ColumnName, Duration, Name, text } from './scalars.ts'
import { quoted, says } from './wording.ts'

const FeatureType = z.enum(['number', 'text'], {
  error: (issue) => says(`${quoted(issue.input)} is no type of a feature`, 'Write number or text.'),
})
const DescribedColumn = z.strictObject({
  type: FeatureType.meta({ description: 'number or text' }),
  description: z.string().default('').meta({ description: 'what it says, for people who look for a feature' }),
  optional: z.boolean().default(false).meta({
    description: 'rows that are streamed or pushed may lack it, and have no value then: those of an older sender',
  }),
})

/** `minutes: number`, or with words: `minutes: { type: number, description: … }`. */
const FeatureColumn = oneOf([FeatureType, DescribedColumn], (value) =>
  hasKey(value, 'type') ? DescribedColumn : FeatureType,
)

const described = {
  description: z.string().default('').meta({ description: 'what it tells of its entity' }),
  owner: z.string().default('').meta({ description: 'who answers for it: a person or a team' }),
}

const secret = (name: string) => `as \${secret.${name}}, which the server has from its environment`

/** A stream of NATS JetStream whose messages are rows, each a JSON object. */
const Stream = z.strictObject({
  server: z
    .string({ error: says('the stream has no server', 'Write its address, such as nats://nats.example.org:4222.') })
    .regex(/^(nats|tls):\/\/[^\s/@]+$/, {
      error: (issue) =>
        says(
          `${quoted(issue.input)} is no address`,
          'Write nats://host:4222 or tls://host:4222; logins have keys of their own.',
        ),
    })
    .meta({ description: 'where NATS is: nats://host:4222, or tls://host:4222' }),
  name: z
    .string()
    .regex(/^[^\s.*>/\\]{1,255}$/, {
      error: (issue) =>
        says(`${quoted(issue.input)} is no name of a stream`, 'Write it as NATS knows it, such as CLICKS.'),
    })
    .meta({ description: 'the stream' }),
  subject: text('a subject', 'Write it as NATS knows it, such as clicks.>').optional().meta({
    description: 'the messages of it that are rows; all when absent',
  }),
  consumer: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/, {
      error: (issue) => says(`${quoted(issue.input)} is no name of a consumer`, 'Write letters, digits, - and _.'),
    })
    .optional()
    .meta({ description: 'the durable consumer; orrery-<project>-<view> when absent. Two installations need two' }),
  user: z.string().optional().meta({ description: 'who asks' }),
  password: z
    .string()
    .optional()
    .meta({ description: secret('NATS_PASSWORD') }),
  token: z
    .string()
    .optional()
    .meta({ description: `instead of both; ${secret('NATS_TOKEN')}` }),
  credentials: z
    .string()
    .optional()
    .meta({ description: `the text of a .creds file instead; ${secret('NATS_CREDS')}` }),
})
export type StreamSource = z.output<typeof Stream>

const StoredView = z
  .strictObject({
    from: z
      .union([Name, z.array(Name).min(1)], {
        error: (issue) => says(`${quoted(issue.input)} is no data set`, 'Write the name of a data set, or a list.'),
      })
      .optional()
      .meta({ description: 'the data set it is read from; with `sql`, every one that the query names' }),
    sql: text('a query', 'Write one SELECT over the data sets under `from`.').optional().meta({
      description: 'one SELECT over those data sets, in DuckDB’s SQL; without it their columns are taken as they are',
    }),
    stream: Stream.optional().meta({
      description:
        'instead of data sets, a stream: its rows are kept online as they come, and in a data set of the view’s name',
    }),
    ...described,
    entities: z
      .array(ColumnName)
      .min(1, { error: says('a view needs an entity', 'Write the key column, such as [customer_id].') })
      .max(8, { error: says('a key has at most 8 columns', 'Join some of them in `sql`.') })
      .meta({ description: 'the columns that say whom a row is about' }),
    time: ColumnName.meta({ description: 'the column that says since when a row holds' }),
    created: ColumnName.optional().meta({
      description: 'the column that says when a row was written: of two for the same moment the later one counts',
    }),
    ttl: Duration.optional().meta({ description: 'how long a row holds; for ever when absent' }),
    columns: z
      .record(ColumnName, FeatureColumn)
      .refine((columns) => Object.keys(columns).length > 0, {
        error: says('the view has no features', 'Name a column with its type: minutes: number.'),
      })
      .meta({ description: 'the features, each with its type' }),
    online: z.boolean().default(true).meta({ description: 'kept ready for single entities, too' }),
    every: Duration.prefault('1h').meta({ description: 'how often the online values follow the data' }),
  })
  .superRefine((view, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    if ((view.from === undefined) === (view.stream === undefined))
      problem(
        [],
        view.from === undefined
          ? says('the view is made from nothing', 'Add `from:` with a data set, or `stream:`.')
          : says('the view has a data set and a stream', 'Keep one: the stream keeps a data set by itself.'),
      )
    if (view.stream && view.sql !== undefined)
      problem(
        ['sql'],
        says('rows of a stream come one by one', 'Compute them in a view on demand, or before they are sent.'),
      )
    if (Array.isArray(view.from) && view.sql === undefined)
      problem(['from'], says('several data sets need a query that joins them', 'Add `sql:` with one SELECT.'))
    const keys = [...view.entities, view.time, ...(view.created === undefined ? [] : [view.created])]
    for (const column of Object.keys(view.columns))
      if (keys.includes(column))
        problem(
          ['columns', column],
          says(`"${column}" is a key or a time of the view`, 'Remove it here; it is no feature.'),
        )
    if (new Set(view.entities).size < view.entities.length)
      problem(['entities'], says('a column stands there twice', 'Name each key column once.'))
  })
export type StoredView = z.output<typeof StoredView>

const DescribedExpression = z.strictObject({
  is: Expression.meta({ description: 'how it is computed' }),
  description: z.string().default('').meta({ description: 'what it says, for people who look for a feature' }),
})

/** `rate: calls / minutes`, or with words: `rate: { is: calls / minutes, description: … }`. */
const ComputedColumn = oneOf([Expression, DescribedExpression], (value) =>
  typeof value === 'object' ? DescribedExpression : Expression,
)

const RequestType = z.enum(['number', 'text', 'time'], {
  error: (issue) => says(`${quoted(issue.input)} is no type of a value`, 'Write number, text or time.'),
})

const OnDemandView = z.strictObject({
  on_demand: z
    .strictObject({
      views: z.array(Name).max(20).default([]).meta({ description: 'the views whose features it is computed from' }),
      request: z.record(ColumnName, RequestType).default({}).meta({
        description: 'what a request says itself, and a row to learn from: number, text or time (ms since 1970)',
      }),
    })
    .meta({ description: 'computed when it is asked for, from other features and from the request' }),
  ...described,
  columns: z
    .record(ColumnName, ComputedColumn)
    .refine((columns) => Object.keys(columns).length > 0, {
      error: says('the view has no features', 'Name a column with an expression: rate: calls / max(minutes, 1).'),
    })
    .meta({ description: 'the features, each as an expression' }),
})
export type OnDemandView = z.output<typeof OnDemandView>

export const FeatureView = oneOf([StoredView, OnDemandView], (value) =>
  hasKey(value, 'on_demand') ? OnDemandView : StoredView,
)
export type FeatureView = z.output<typeof FeatureView>

export const isOnDemand = (view: FeatureView): view is OnDemandView => 'on_demand' in view

export const FeatureViews = z.record(Name, FeatureView)
