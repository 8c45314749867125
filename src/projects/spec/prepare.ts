import { z } from 'zod'
import { ExpressionInvalid, PACKAGE_STEPS, readExpression, TABLE_STEPS } from '#preparation'
import { Cell, ColumnName, Duration, Name, Percent } from './scalars.ts'
import { quoted, says } from './wording.ts'

/** An expression over the columns of a row. */
export const Expression = z
  .string({
    error: (issue) => says(`${quoted(issue.input)} is no expression`, 'Write it in quotes: "total / months".'),
  })
  .min(1, { error: says('the expression is empty', 'Write arithmetic over columns, such as total / max(months, 1).') })
  .max(2_000, {
    error: says('the expression is longer than 2000 characters', 'Split it: a later line may use an earlier one.'),
  })
  .superRefine((written, context) => {
    try {
      readExpression(written)
    } catch (error) {
      if (!(error instanceof ExpressionInvalid)) throw error
      context.addIssue({ code: 'custom', message: says(error.message, error.todo) })
    }
  })

const Selection = z
  .union([z.enum(['numbers', 'texts', 'all']), z.array(ColumnName).min(1)], {
    error: (issue) => says(`${quoted(issue.input)} names no columns`, 'List columns, or write numbers, texts or all.'),
  })
  .meta({ description: 'columns in a list; or all that hold numbers, or texts' })

/** `1%` of the training rows lie below; or a number as it is. */
const End = z.codec(
  z.union([z.number(), z.string().regex(/^\d+(\.\d+)?%$/)], {
    error: (issue) =>
      says(`${quoted(issue.input)} is no end`, 'Write a number, or a share of the training rows such as 1%.'),
  }),
  z.union([z.number(), z.object({ share: z.number().min(0).max(1) })]),
  {
    decode: (written) => (typeof written === 'number' ? written : { share: Percent.parse(written) }),
    encode: (end) => (typeof end === 'number' ? end : z.encode(Percent, end.share)),
  },
)

const Clean = z.strictObject({
  columns: Selection,
  missing: z.array(Cell).default([]).meta({ description: 'values that mean "missing"' }),
  replace: z.record(z.string(), Cell).default({}).meta({ description: 'values and what stands for them' }),
})
const Clip = z
  .strictObject({
    columns: Selection,
    from: End.optional().meta({ description: 'the least value: a number, or a share of the training rows such as 1%' }),
    to: End.optional().meta({ description: 'the greatest value, written alike' }),
  })
  .refine(({ from, to }) => from !== undefined || to !== undefined, {
    error: says('clip has no end to clip at', 'Add `from:`, `to:` or both.'),
  })
const Impute = z.strictObject({
  columns: Selection,
  with: z
    .union([z.number(), z.string().min(1)])
    .meta({ description: 'median, mean or most_frequent of the training rows; or a value' }),
  flag: z.boolean().default(false).meta({ description: 'also make a column `…_missing`, 1 where it was' }),
})
const GroupRare = z.strictObject({
  columns: Selection,
  below: Percent.prefault('1%').meta({ description: 'what fewer training rows have is rare' }),
  as: z.string().min(1).default('other').meta({ description: 'what rare and unknown values become' }),
})
const Encode = z
  .strictObject({
    columns: Selection,
    as: z.enum(['one_hot', 'frequency', 'ordinal']).default('one_hot').meta({
      description: 'a column of 0 and 1 per category; the share of training rows that have it; its place in `order`',
    }),
    order: z
      .array(z.string().min(1))
      .min(2)
      .optional()
      .meta({ description: 'of ordinal: the categories, least first' }),
    most: z.int().min(1).max(1_000).default(50).meta({ description: 'of one_hot: more categories are an error' }),
  })
  .refine(({ as, order }) => (as === 'ordinal') === (order !== undefined), {
    error: says('ordinal goes with an order, and nothing else does', 'Add `order:` with the categories, least first.'),
  })
const Scale = z.strictObject({
  columns: Selection,
  to: z.enum(['standard', 'range', 'robust']).default('standard').meta({
    description:
      'mean 0 and deviation 1; least 0 and greatest 1; median 0 and interquartile range 1: of the training rows',
  }),
})

const Aggregate = z
  .string()
  .regex(/^(count\(\)|(sum|mean|min|max|median|std|first|last|distinct|missing)\(.+\))$/, {
    error: (issue) =>
      says(
        `${quoted(issue.input)} is no aggregate`,
        'Write count(), or sum, mean, min, max, median, std, first, last, distinct or missing of a column: sum(amount).',
      ),
  })
  .meta({ description: 'count(), or an aggregate of a column such as sum(amount)' })
const Aggregates = z.record(ColumnName, Aggregate).meta({ description: 'new columns and what they are' })
const Some = z.array(ColumnName).min(1)

const Join = z.strictObject({
  with: Name.meta({ description: 'another data set' }),
  on: z
    .codec(z.union([ColumnName, Some]), z.array(z.string()), {
      decode: (written) => [written].flat(),
      encode: (columns) => (columns.length === 1 ? columns[0]! : columns),
    })
    .meta({ description: 'the columns that both have' }),
  columns: Some.optional().meta({ description: 'the columns that are taken over; all when absent' }),
  kind: z.enum(['left', 'inner']).default('left').meta({ description: 'inner: rows without a partner go' }),
  as_of: ColumnName.optional().meta({
    description: 'its column that says from when a row holds: the last at the time of the own row is taken',
  }),
})
const Resample = z.strictObject({
  every: Duration.meta({ description: 'the length of a period; a row has the time at which its period ends' }),
  by: Some.optional().meta({ description: 'columns whose values have rows of their own' }),
  columns: Aggregates,
})
const Sample = z.strictObject({
  share: Percent.meta({ description: 'so many of the rows' }),
  by: ColumnName.optional().meta({
    description: 'rows with the same value stay or go together; whole rows when absent',
  }),
  seed: z.int().min(0).default(0).meta({ description: 'makes it repeatable' }),
})

/** One step: one key says which. */
export const PrepareStep = z
  .strictObject({
    sql: z
      .string()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ description: 'one SELECT over the data sets of the project; the own name is the table so far' }),
    join: Join.optional().meta({ description: 'columns of another data set' }),
    filter: Expression.optional().meta({ description: 'the rows that stay: an expression that says yes or no' }),
    aggregate: z
      .strictObject({ by: Some.meta({ description: 'a row for each of their values' }), columns: Aggregates })
      .optional()
      .meta({ description: 'a row for many' }),
    resample: Resample.optional().meta({ description: 'a row for each period of time' }),
    sample: Sample.optional().meta({ description: 'some of the rows, by hash' }),
    clean: Clean.optional().meta({ description: 'values become missing, or other values' }),
    derive: z
      .record(ColumnName, Expression)
      .optional()
      .meta({ description: 'new columns, or old ones anew, by expressions over a row' }),
    clip: Clip.optional().meta({ description: 'numbers beyond an end become that end' }),
    impute: Impute.optional().meta({ description: 'missing values get one' }),
    group_rare: GroupRare.optional().meta({ description: 'rare categories become one' }),
    encode: Encode.optional().meta({ description: 'categories become numbers' }),
    scale: Scale.optional().meta({ description: 'numbers get a common scale' }),
    drop: z.array(ColumnName).min(1).optional().meta({ description: 'columns the model does not see' }),
  })
  .superRefine((step, context) => {
    const said = Object.entries(step).filter(([, value]) => value !== undefined)
    const message =
      said.length === 0
        ? says('the step says nothing', `Write one of ${[...TABLE_STEPS, ...PACKAGE_STEPS].join(', ')}.`)
        : says(
            `the step says ${said.map(([key]) => key).join(' and ')}`,
            'Make a step of each: they are done in order.',
          )
    if (said.length !== 1) context.addIssue({ code: 'custom', message })
  })
export type PrepareStep = z.output<typeof PrepareStep>
