import { z } from 'zod'
import { hasKey, oneOf } from './one-of.ts'
import { Cell, ColumnName, Duration, Percent } from './scalars.ts'
import { quoted, says } from './wording.ts'

/**
 * The vocabulary of expectations. Each rule is one key of an entry under `expect:`; what it compiles to is in the data
 * room, under the same key.
 */
export interface RuleSpec {
  /** What the key takes. */
  readonly schema: z.ZodType
  /** What holds, in one line. */
  readonly about: string
  /** Its name in Great Expectations; `null` where that has none. */
  readonly gx: string | null
  /**
   * `rows`: every single row holds or breaks it, so it takes `mostly` and may quarantine. `column`: the column or table
   * as a whole does. `schema`: what the columns are, not what they hold.
   */
  readonly judges: 'rows' | 'column' | 'schema'
}

const End = z.union([z.number(), z.string().min(1), z.null()], {
  error: (issue) => says(`${quoted(issue.input)} is no end of a range`, 'Write a number, a time, or null for no end.'),
})
const ordered = ([low, high]: readonly unknown[]) => typeof low !== 'number' || typeof high !== 'number' || low <= high
const UPSIDE_DOWN = { error: says('the range is upside down', 'Write the smaller end first.') }
/** Both ends are included; `null` leaves one open. */
const Range = z.tuple([End, End]).refine(ordered, UPSIDE_DOWN)
const NumberEnd = z.number().nullable()
const NumberRange = z.tuple([NumberEnd, NumberEnd]).refine(ordered, UPSIDE_DOWN)
const Count = z.int().min(0)
const CountRange = z.union([Count, z.tuple([Count.nullable(), Count.nullable()]).refine(ordered, UPSIDE_DOWN)])
const Share = Percent
const ShareRange = z.tuple([Share.nullable(), Share.nullable()])
const Yes = z.literal(true)
const Order = z.union([Yes, z.literal('strict')])
const Texts = z.array(z.string().min(1)).min(1)
const Cells = z.array(Cell).min(1)
const Names = z.array(ColumnName).min(1)
/** A condition in SQL over the columns of one row. */
const Condition = z.string().min(1, { error: says('the condition is empty', 'Write SQL such as: amount > 0.') })

/** What a text can be told to look like. */
export const FORMATS = [
  'email',
  'url',
  'uuid',
  'ipv4',
  'ipv6',
  'hostname',
  'mac',
  'phone',
  'card',
  'iban',
  'country',
  'currency',
  'date',
  'time',
  'datetime',
  'json',
  'hex',
  'base64',
  'slug',
  'ascii',
] as const
export const Format = z.enum(FORMATS)
export type Format = z.infer<typeof Format>

/** What a column can be told to hold. */
export const HELD = ['number', 'integer', 'text', 'time', 'boolean'] as const

const rule = <const Schema extends z.ZodType>(
  judges: RuleSpec['judges'],
  gx: string | null,
  about: string,
  schema: Schema,
) => ({ judges, gx, about, schema })

/** About the values of one `column`. Missing values break only `not_null` and `not_blank`. */
export const COLUMN_RULES = {
  between: rule('rows', 'expect_column_values_to_be_between', 'every value lies in this range, ends included', Range),
  more_than: rule('rows', 'expect_column_values_to_be_between (strict_min)', 'every value is greater', End),
  less_than: rule('rows', 'expect_column_values_to_be_between (strict_max)', 'every value is less', End),
  in: rule('rows', 'expect_column_values_to_be_in_set', 'every value is one of these', Cells),
  not_in: rule('rows', 'expect_column_values_to_not_be_in_set', 'no value is one of these', Cells),
  not_null: rule('rows', 'expect_column_values_to_not_be_null', 'no value is missing', Yes),
  is_null: rule('rows', 'expect_column_values_to_be_null', 'every value is missing', Yes),
  not_blank: rule('rows', null, 'no value is missing, or blank', Yes),
  unique: rule('rows', 'expect_column_values_to_be_unique', 'no value occurs twice', Yes),
  match: rule(
    'rows',
    'expect_column_values_to_match_regex',
    'the regular expression is found in every value',
    z.string(),
  ),
  not_match: rule('rows', 'expect_column_values_to_not_match_regex', 'it is found in no value', z.string()),
  match_any: rule('rows', 'expect_column_values_to_match_regex_list', 'one of these is found in every value', Texts),
  match_all: rule('rows', 'expect_column_values_to_match_regex_list (match_on: all)', 'each of these is', Texts),
  match_none: rule('rows', 'expect_column_values_to_not_match_regex_list', 'none of these is found in any', Texts),
  like: rule('rows', 'expect_column_values_to_match_like_pattern', 'every value is LIKE this: % and _', z.string()),
  not_like: rule('rows', 'expect_column_values_to_not_match_like_pattern', 'no value is LIKE this', z.string()),
  like_any: rule('rows', 'expect_column_values_to_match_like_pattern_list', 'every value is LIKE one of these', Texts),
  like_none: rule(
    'rows',
    'expect_column_values_to_not_match_like_pattern_list',
    'no value is LIKE any of these',
    Texts,
  ),
  starts_with: rule('rows', null, 'every value starts with this text', z.string()),
  ends_with: rule('rows', null, 'every value ends with this text', z.string()),
  contains: rule('rows', null, 'every value contains this text', z.string()),
  length: rule(
    'rows',
    'expect_column_value_lengths_to_be_between, …_to_equal',
    'every value has so many characters: 5, or [1, 80]',
    CountRange,
  ),
  format: rule(
    'rows',
    'expect_column_values_to_be_valid_… (its gallery), …_to_be_json_parseable, …_to_be_dateutil_parseable',
    'every value looks like one; card and iban have the right check digits',
    Format,
  ),
  strftime: rule(
    'rows',
    'expect_column_values_to_match_strftime_format',
    'every value is a time so written',
    z.string(),
  ),
  integer: rule('rows', null, 'every value is a whole number', Yes),
  step: rule('rows', 'expect_column_values_to_be_divisible_by', 'every value is a multiple', z.number().positive()),
  z_score_below: rule(
    'rows',
    'expect_column_value_z_scores_to_be_less_than',
    'no value is so many standard deviations from the mean',
    z.number().positive(),
  ),
  increasing: rule('rows', 'expect_column_values_to_be_increasing', 'no value is below the one before', Order),
  decreasing: rule('rows', 'expect_column_values_to_be_decreasing', 'no value is above the one before', Order),
  references: rule(
    'rows',
    'expect_column_values_to_be_in_other_table (its gallery)',
    'every value is found in a column of another table',
    z.strictObject({
      source: z.string().min(1).meta({ description: 'the other table: a path or glob from the project folder' }),
      column: ColumnName.meta({ description: 'its column' }),
    }),
  ),
  exists: rule('schema', 'expect_column_to_exist', 'there is such a column', Yes),
  type: rule('schema', 'expect_column_values_to_be_of_type', 'what it holds', z.enum(HELD)),
  type_in: rule(
    'schema',
    'expect_column_values_to_be_in_type_list',
    'it holds one of these',
    z.array(z.enum(HELD)).min(1),
  ),
  position: rule('schema', 'expect_column_to_exist (column_index)', 'it stands in this place, from 0', Count),
  min: rule('column', 'expect_column_min_to_be_between', 'the least value lies in this range', Range),
  max: rule('column', 'expect_column_max_to_be_between', 'the greatest value lies in this range', Range),
  mean: rule('column', 'expect_column_mean_to_be_between', 'so does the mean', NumberRange),
  median: rule('column', 'expect_column_median_to_be_between', 'so does the median', NumberRange),
  sum: rule('column', 'expect_column_sum_to_be_between', 'so does the sum', NumberRange),
  std: rule('column', 'expect_column_stdev_to_be_between', 'so does the standard deviation of the sample', NumberRange),
  skewness: rule('column', 'expect_column_skew_to_be_between (its gallery)', 'so does the skewness', NumberRange),
  kurtosis: rule(
    'column',
    'expect_column_kurtosis_to_be_between (its gallery)',
    'so does the excess kurtosis',
    NumberRange,
  ),
  quantiles: rule(
    'column',
    'expect_column_quantile_values_to_be_between',
    'so does each of these quantiles: { 0.5: [1, 2] }',
    z.record(z.string().regex(/^(0(\.\d+)?|1(\.0+)?)$/), NumberRange),
  ),
  distinct: rule(
    'column',
    'expect_column_unique_value_count_to_be_between',
    'it has so many different values',
    CountRange,
  ),
  distinct_share: rule(
    'column',
    'expect_column_proportion_of_unique_values_to_be_between',
    'different values are so many of the present ones: [90%, 100%]',
    ShareRange,
  ),
  missing_share: rule(
    'column',
    'expect_column_proportion_of_non_null_values_to_be_between',
    'at least and at most so many values are missing: [0%, 5%]',
    ShareRange,
  ),
  distinct_in: rule('column', 'expect_column_distinct_values_to_be_in_set', 'its values are among these', Cells),
  distinct_equal: rule(
    'column',
    'expect_column_distinct_values_to_equal_set',
    'its values are these, all of them',
    Cells,
  ),
  distinct_contain: rule(
    'column',
    'expect_column_distinct_values_to_contain_set',
    'its values hold all of these',
    Cells,
  ),
  most_common_in: rule(
    'column',
    'expect_column_most_common_value_to_be_in_set',
    'its most frequent value is one of these',
    Cells,
  ),
  not_constant: rule('column', null, 'it has at least two different values', Yes),
  entropy: rule('column', null, 'the entropy of its values in bits lies in this range', NumberRange),
  divergence: rule(
    'column',
    'expect_column_kl_divergence_to_be_less_than',
    'the Kullback-Leibler divergence from these shares is below a bound',
    z.strictObject({
      shares: z.record(z.string(), z.number().min(0)).meta({ description: 'the share of each value' }),
      below: z.number().min(0).meta({ description: 'the greatest divergence, in nats' }),
    }),
  ),
} as const satisfies Record<string, RuleSpec>

/** About several `columns` together. */
export const COLUMNS_RULES = {
  equal: rule('rows', 'expect_column_pair_values_to_be_equal', 'all of them have the same value', Yes),
  descending: rule(
    'rows',
    'expect_column_pair_values_a_to_be_greater_than_b',
    'each is greater than the next; `or_equal` allows ties',
    z.union([Yes, z.literal('or_equal')]),
  ),
  in_pairs: rule(
    'rows',
    'expect_column_pair_values_to_be_in_set',
    'their values together are one of these lists',
    z.array(z.array(Cell).min(2)).min(1),
  ),
  unique_together: rule('rows', 'expect_compound_columns_to_be_unique', 'no combination occurs twice', Yes),
  different: rule(
    'rows',
    'expect_select_column_values_to_be_unique_within_record',
    'no two of them have the same value in a row',
    Yes,
  ),
  add_up_to: rule('rows', 'expect_multicolumn_sum_to_equal', 'their sum is this in every row', z.number()),
  all_or_none: rule('rows', null, 'all of them are there, or none', Yes),
  any: rule('rows', null, 'at least one of them is there', Yes),
  correlation: rule(
    'column',
    null,
    "Pearson's correlation of the two lies in this range",
    z.tuple([z.number().min(-1).nullable(), z.number().max(1).nullable()]).refine(ordered, UPSIDE_DOWN),
  ),
} as const satisfies Record<string, RuleSpec>

/** About the table. The last ones need to know when a row happened: `time` of the data set. */
export const TABLE_RULES = {
  rows: rule(
    'column',
    'expect_table_row_count_to_be_between, …_to_equal',
    'it has so many rows: 500, or [100, null]',
    CountRange,
  ),
  column_count: rule(
    'schema',
    'expect_table_column_count_to_be_between, …_to_equal',
    'it has so many columns',
    CountRange,
  ),
  columns_are: rule('schema', 'expect_table_columns_to_match_set', 'these are its columns, in any order', Names),
  columns_hold: rule(
    'schema',
    'expect_table_columns_to_match_set (exact_match: false)',
    'these are among its columns',
    Names,
  ),
  columns_in_order: rule(
    'schema',
    'expect_table_columns_to_match_ordered_list',
    'these are its columns, in this order',
    Names,
  ),
  no_duplicates: rule('rows', null, 'no row occurs twice', Yes),
  rows_as: rule(
    'column',
    'expect_table_row_count_to_equal_other_table',
    'it has as many rows as another table, a path from the project folder',
    z.string().min(1),
  ),
  holds: rule('rows', 'unexpected_rows_expectation', 'SQL that is true for every row', Condition),
  in_order: rule('rows', null, 'rows are in order of time', Yes),
  gap_at_most: rule('rows', null, 'between a row and the next in time lies at most this', Duration),
  every: rule('rows', null, 'between a row and the next in time lies exactly this', Duration),
  newest_within: rule('column', null, 'the newest row is not older than this', Duration),
  spans: rule('column', null, 'from the first row to the last passes at least this', Duration),
} as const satisfies Record<string, RuleSpec>

const NEED_TIME = ['in_order', 'gap_at_most', 'every', 'newest_within', 'spans'] as const

/** Whether an entry asks when rows happened. */
export function needsTime(expectation: Expectation): string | undefined {
  if ('rows_per' in expectation) return 'rows_per'
  return NEED_TIME.find((key) => key in expectation && (expectation as Record<string, unknown>)[key] !== undefined)
}

type Shape<Rules extends Record<string, RuleSpec>> = { [Key in keyof Rules]: z.ZodOptional<Rules[Key]['schema']> }

function optional<Rules extends Record<string, RuleSpec>>(rules: Rules): Shape<Rules> {
  const keys = Object.entries(rules).map(([key, { schema, about }]) => [
    key,
    schema.optional().meta({ description: about }),
  ])
  return Object.fromEntries(keys) as Shape<Rules>
}

/** What to do when an expectation does not hold: stop before training, go on and say so, or set the rows aside. */
const Otherwise = z.enum(['stop', 'warn', 'quarantine']).default('stop').meta({
  description: 'stop the pipeline before training; warn and go on; or quarantine: set the rows aside that break it',
})

const common = {
  mostly: Percent.optional().meta({ description: 'so many rows have to hold; all when absent' }),
  when: Condition.optional().meta({ description: 'only rows count for which this SQL is true' }),
  note: z.string().optional().meta({ description: 'why it is expected' }),
  otherwise: Otherwise,
}

/** An entry says something, and what it asks for fits all that it says. */
function entry<Shape extends z.ZodRawShape>(
  shape: Shape,
  rules: Record<string, RuleSpec>,
  silent: string,
  todo: string,
) {
  return z.strictObject({ ...shape, ...common }).superRefine((one, context) => {
    const written = one as Record<string, unknown>
    const said = Object.keys(rules).filter((key) => written[key] !== undefined)
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (said.length === 0) problem([], says(silent, todo))
    const whole = said.find((key) => rules[key]!.judges !== 'rows')
    if (whole === undefined) return
    const todoOf = `Give \`${whole}\` an entry of its own.`
    if (written.otherwise === 'quarantine')
      problem(
        ['otherwise'],
        says(`no single row breaks \`${whole}\`, so none can be set aside`, `Write stop or warn. ${todoOf}`),
      )
    if (written.mostly !== undefined)
      problem(['mostly'], says(`\`${whole}\` holds or does not, whatever most rows do`, `Remove \`mostly\`. ${todoOf}`))
  })
}

const ColumnExpectation = entry(
  { column: ColumnName.meta({ description: 'the column it is about' }), ...optional(COLUMN_RULES) },
  COLUMN_RULES,
  'the expectation says nothing about its column',
  'Add between, in, not_null, unique or another rule.',
)

const ColumnsExpectation = entry(
  {
    columns: z
      .array(ColumnName)
      .min(2, { error: says('it takes two columns at least', 'Add another, or write `column:` for one.') })
      .meta({ description: 'the columns it is about, together' }),
    ...optional(COLUMNS_RULES),
  },
  COLUMNS_RULES,
  'the expectation says nothing about its columns',
  'Add equal, descending, unique_together, add_up_to or another rule.',
)

const TableExpectation = entry(
  {
    ...optional(TABLE_RULES),
    by: ColumnName.optional().meta({ description: 'times are compared within each value of this column' }),
  },
  TABLE_RULES,
  'the expectation says nothing',
  'Name a `column:` and what it holds, or say something of the table, such as rows or holds.',
)

const RowsExpectation = z
  .strictObject({
    rows_per: Duration.meta({ description: 'count rows in periods of this length; needs the time column' }),
    equals: z.int().min(0).optional().meta({ description: 'every whole period has this many rows' }),
    between: z
      .tuple([z.int().min(0), z.int().min(0)])
      .optional()
      .meta({ description: 'every whole period has a number of rows in this range' }),
    note: common.note,
    otherwise: z.enum(['stop', 'warn']).default('stop'),
  })
  .refine((one) => (one.equals === undefined) !== (one.between === undefined), {
    error: says('rows_per needs a number of rows to compare with', 'Add either equals or between.'),
  })

export const Expectation = oneOf(
  [ColumnExpectation, ColumnsExpectation, RowsExpectation, TableExpectation],
  (value): typeof ColumnExpectation => {
    if (hasKey(value, 'column')) return ColumnExpectation
    if (hasKey(value, 'columns')) return ColumnsExpectation as never
    return (hasKey(value, 'rows_per') ? RowsExpectation : TableExpectation) as never
  },
)
export type Expectation = z.output<typeof Expectation>
