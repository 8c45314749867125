import { z } from 'zod'
import { hasKey, oneOf } from './one-of.ts'
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

export const FeatureView = z
  .strictObject({
    from: z
      .union([Name, z.array(Name).min(1)], {
        error: (issue) => says(`${quoted(issue.input)} is no data set`, 'Write the name of a data set, or a list.'),
      })
      .meta({ description: 'the data set it is read from; with `sql`, every one that the query names' }),
    sql: text('a query', 'Write one SELECT over the data sets under `from`.').optional().meta({
      description: 'one SELECT over those data sets, in DuckDB’s SQL; without it their columns are taken as they are',
    }),
    description: z.string().default('').meta({ description: 'what it tells of its entity' }),
    owner: z.string().default('').meta({ description: 'who answers for it: a person or a team' }),
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
export type FeatureView = z.output<typeof FeatureView>

export const FeatureViews = z.record(Name, FeatureView)
