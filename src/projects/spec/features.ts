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
})

/** `minutes: number`, or with words: `minutes: { type: number, description: … }`. */
const FeatureColumn = oneOf([FeatureType, DescribedColumn], (value) =>
  hasKey(value, 'type') ? DescribedColumn : FeatureType,
)

const described = {
  description: z.string().default('').meta({ description: 'what it tells of its entity' }),
  owner: z.string().default('').meta({ description: 'who answers for it: a person or a team' }),
}

const StoredView = z
  .strictObject({
    from: z
      .union([Name, z.array(Name).min(1)], {
        error: (issue) => says(`${quoted(issue.input)} is no data set`, 'Write the name of a data set, or a list.'),
      })
      .meta({ description: 'the data set it is read from; with `sql`, every one that the query names' }),
    sql: text('a query', 'Write one SELECT over the data sets under `from`.').optional().meta({
      description: 'one SELECT over those data sets, in DuckDB’s SQL; without it their columns are taken as they are',
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
