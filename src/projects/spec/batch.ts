import { z } from 'zod'
import { hasKey, oneOf } from './one-of.ts'
import { ColumnName, Name, text } from './scalars.ts'
import { Cron } from './triggers.ts'
import { says } from './wording.ts'

const OfData = z.strictObject({
  data: Name.meta({ description: 'the latest version of a data set of this project' }),
})
const OfFile = z.strictObject({
  file: text('a path', 'Write a path or a glob, such as new/*.csv.').meta({
    description: 'CSV, JSON or Parquet: a path or a glob, from the folder of this file',
  }),
})
const OfQuery = z.strictObject({
  query: text('a query', 'Write one SELECT.').meta({ description: 'one SELECT over the data sets of this project' }),
})

const Input = oneOf([OfData, OfFile, OfQuery], (value) =>
  hasKey(value, 'query') ? OfQuery : hasKey(value, 'file') ? OfFile : OfData,
)

export const ScheduledBatch = z.strictObject({
  score: text('a model', 'Write the name of a deployment, or model@version.').meta({
    description: 'who answers: a deployment (its champion when the batch starts) or model@version',
  }),
  input: Input.meta({ description: 'the rows to score' }),
  into: text('an output', 'Write a path that ends in .parquet, sqlite:<path>, or postgres://….').meta({
    description: 'a path ending in .parquet, sqlite:<path> or postgres://…; {time} stands for the moment of the run',
  }),
  table: z
    .string({ error: says('this is no name of a table', 'Write letters, digits and _, such as predictions.') })
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, says('this is no name of a table', 'Write letters, digits and _.'))
    .default('predictions')
    .meta({ description: 'of a database' }),
  keep: z.array(ColumnName).default([]).meta({ description: 'columns of the input that stand beside each answer' }),
  cron: Cron.meta({ description: 'when, in UTC; however many of its times were missed, it runs once' }),
})
export type ScheduledBatch = z.output<typeof ScheduledBatch>

export const Batches = z.record(Name, ScheduledBatch)
