import { FORMATS, type Format } from '#projects/contract'
import { collector, type Imported, percentage } from './imported.ts'

type Arguments = Record<string, unknown>
type Written = Record<string, unknown>

/** A range with `null` for an end that is not given. */
const range = ({ min_value: low = null, max_value: high = null }: Arguments) => [low, high]
const shares = ({ min_value: low, max_value: high }: Arguments) => [percentage(low), percentage(high)]
const column = ({ column: name }: Arguments) => ({ column: name })

/** Values between ends of which either may be excluded. */
function between(given: Arguments): Written {
  const { min_value: low = null, max_value: high = null, strict_min, strict_max } = given
  const inner = [strict_min ? null : low, strict_max ? null : high]
  return {
    ...column(given),
    ...((inner[0] !== null || inner[1] !== null || (low === null && high === null)) && { between: inner }),
    ...(Boolean(strict_min) && low !== null && { more_than: low }),
    ...(Boolean(strict_max) && high !== null && { less_than: high }),
  }
}

const TYPES: Record<string, string> = {
  int: 'integer',
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  integer: 'integer',
  bigint: 'integer',
  float: 'number',
  float32: 'number',
  float64: 'number',
  double: 'number',
  decimal: 'number',
  number: 'number',
  str: 'text',
  string: 'text',
  object: 'text',
  varchar: 'text',
  text: 'text',
  'datetime64[ns]': 'time',
  datetime: 'time',
  timestamp: 'time',
  date: 'time',
  bool: 'boolean',
  boolean: 'boolean',
}

/** What a type of theirs is here. */
export function typeFrom(theirs: unknown): string | undefined {
  return TYPES[
    String(theirs)
      .toLowerCase()
      .replace(/_?type$/, '')
      .replace(/\(.*\)$/, '')
  ]
}

/** A row that lacks one of two values breaks theirs, unless they are told to leave it out; here it is about no rule but this one. */
function ofPair({ column_A, column_B, ignore_row_if }: Arguments, rule: Written): Written[] {
  const columns = [column_A, column_B]
  const whole = ignore_row_if === 'either_value_is_missing' ? [] : [{ columns, all_or_none: true }]
  return [{ columns, ...rule }, ...whole]
}

const KINDS: Record<string, (given: Arguments) => Written | Written[]> = {
  expect_column_values_to_be_between: between,
  expect_column_values_to_be_in_set: (given) => ({ ...column(given), in: given.value_set }),
  expect_column_values_to_not_be_in_set: (given) => ({ ...column(given), not_in: given.value_set }),
  expect_column_values_to_not_be_null: (given) => ({ ...column(given), not_null: true }),
  expect_column_values_to_be_null: (given) => ({ ...column(given), is_null: true }),
  expect_column_values_to_be_unique: (given) => ({ ...column(given), unique: true }),
  expect_column_values_to_match_regex: (given) => ({ ...column(given), match: given.regex }),
  expect_column_values_to_not_match_regex: (given) => ({ ...column(given), not_match: given.regex }),
  expect_column_values_to_match_regex_list: (given) => ({
    ...column(given),
    [given.match_on === 'all' ? 'match_all' : 'match_any']: given.regex_list,
  }),
  expect_column_values_to_not_match_regex_list: (given) => ({
    ...column(given),
    match_none: given.regex_list,
  }),
  expect_column_values_to_match_like_pattern: (given) => ({ ...column(given), like: given.like_pattern }),
  expect_column_values_to_not_match_like_pattern: (given) => ({ ...column(given), not_like: given.like_pattern }),
  expect_column_values_to_match_like_pattern_list: (given) => ({ ...column(given), like_any: given.like_pattern_list }),
  expect_column_values_to_not_match_like_pattern_list: (given) => ({
    ...column(given),
    like_none: given.like_pattern_list,
  }),
  expect_column_value_lengths_to_be_between: (given) => ({ ...column(given), length: range(given) }),
  expect_column_value_lengths_to_equal: (given) => ({ ...column(given), length: given.value }),
  expect_column_values_to_be_json_parseable: (given) => ({ ...column(given), format: 'json' }),
  expect_column_values_to_be_dateutil_parseable: (given) => ({ ...column(given), format: 'datetime' }),
  expect_column_values_to_match_strftime_format: (given) => ({ ...column(given), strftime: given.strftime_format }),
  expect_column_value_z_scores_to_be_less_than: (given) => ({ ...column(given), z_score_below: given.threshold }),
  expect_column_values_to_be_increasing: (given) => ({
    ...column(given),
    increasing: given.strictly ? 'strict' : true,
  }),
  expect_column_values_to_be_decreasing: (given) => ({
    ...column(given),
    decreasing: given.strictly ? 'strict' : true,
  }),
  expect_column_to_exist: (given) => ({
    ...column(given),
    exists: true,
    ...(typeof given.column_index === 'number' && { position: given.column_index }),
  }),
  expect_column_values_to_be_of_type: (given) => ({ ...column(given), type: typeFrom(given.type_) }),
  expect_column_values_to_be_in_type_list: (given) => ({
    ...column(given),
    type_in: [...new Set((given.type_list as unknown[]).map(typeFrom).filter(Boolean))],
  }),
  expect_column_min_to_be_between: (given) => ({ ...column(given), min: range(given) }),
  expect_column_max_to_be_between: (given) => ({ ...column(given), max: range(given) }),
  expect_column_mean_to_be_between: (given) => ({ ...column(given), mean: range(given) }),
  expect_column_median_to_be_between: (given) => ({ ...column(given), median: range(given) }),
  expect_column_sum_to_be_between: (given) => ({ ...column(given), sum: range(given) }),
  expect_column_stdev_to_be_between: (given) => ({ ...column(given), std: range(given) }),
  expect_column_skew_to_be_between: (given) => ({ ...column(given), skewness: range(given) }),
  expect_column_kurtosis_to_be_between: (given) => ({ ...column(given), kurtosis: range(given) }),
  expect_column_quantile_values_to_be_between: (given) => {
    const { quantiles, value_ranges } = given.quantile_ranges as { quantiles: number[]; value_ranges: unknown[] }
    return {
      ...column(given),
      quantiles: Object.fromEntries(quantiles.map((one, i) => [String(one), value_ranges[i]])),
    }
  },
  expect_column_unique_value_count_to_be_between: (given) => ({ ...column(given), distinct: range(given) }),
  expect_column_proportion_of_unique_values_to_be_between: (given) => ({
    ...column(given),
    distinct_share: shares(given),
  }),
  expect_column_proportion_of_non_null_values_to_be_between: (given) => ({
    ...column(given),
    missing_share: [given.max_value, given.min_value].map((share) =>
      percentage(typeof share === 'number' ? 1 - share : null),
    ),
  }),
  expect_column_distinct_values_to_be_in_set: (given) => ({ ...column(given), distinct_in: given.value_set }),
  expect_column_distinct_values_to_equal_set: (given) => ({ ...column(given), distinct_equal: given.value_set }),
  expect_column_distinct_values_to_contain_set: (given) => ({ ...column(given), distinct_contain: given.value_set }),
  expect_column_most_common_value_to_be_in_set: (given) => ({ ...column(given), most_common_in: given.value_set }),
  expect_column_kl_divergence_to_be_less_than: (given) => {
    const { values, weights } = given.partition_object as { values: unknown[]; weights: number[] }
    return {
      ...column(given),
      divergence: {
        shares: Object.fromEntries(values.map((one, i) => [String(one), weights[i]])),
        below: given.threshold,
      },
    }
  },
  expect_column_pair_values_to_be_equal: (given) => ofPair(given, { equal: true }),
  expect_column_pair_values_a_to_be_greater_than_b: (given) =>
    ofPair(given, { descending: given.or_equal ? 'or_equal' : true }),
  expect_column_pair_values_to_be_in_set: (given) => ofPair(given, { in_pairs: given.value_pairs_set }),
  expect_compound_columns_to_be_unique: ({ column_list }) => ({ columns: column_list, unique_together: true }),
  expect_select_column_values_to_be_unique_within_record: ({ column_list }) => ({
    columns: column_list,
    different: true,
  }),
  expect_multicolumn_sum_to_equal: ({ column_list, sum_total }) => ({ columns: column_list, add_up_to: sum_total }),
  expect_table_row_count_to_be_between: (given) => ({ rows: range(given) }),
  expect_table_row_count_to_equal: ({ value }) => ({ rows: value }),
  expect_table_column_count_to_be_between: (given) => ({ column_count: range(given) }),
  expect_table_column_count_to_equal: ({ value }) => ({ column_count: value }),
  expect_table_columns_to_match_set: ({ column_set, exact_match = true }) =>
    exact_match ? { columns_are: column_set } : { columns_hold: column_set },
  expect_table_columns_to_match_ordered_list: ({ column_list }) => ({ columns_in_order: column_list }),
}

/** A gallery's name for a look: `expect_column_values_to_be_valid_ipv4`. */
function gallery(type: string): ((given: Arguments) => Written) | undefined {
  const format = /^expect_column_values_to_be_valid_([a-z0-9]+?)s?$/.exec(type)?.[1]
  return FORMATS.includes(format as Format) ? (given) => ({ ...column(given), format }) : undefined
}

/**
 * Expectations of a Great Expectations suite, as `context.suites` saves it in JSON (1.x `type`, 0.x `expectation_type`).
 */
export function importGreatExpectations(suite: unknown): Imported {
  const { imported, add, skip } = collector()
  const { expectations = [] } = (suite ?? {}) as { expectations?: unknown[] }
  for (const one of expectations) {
    const { type, expectation_type, kwargs = {}, meta, notes, severity } = one as Record<string, unknown>
    const kind = String(type ?? expectation_type)
    const given = kwargs as Arguments
    const make = KINDS[kind] ?? gallery(kind)
    if (!make) {
      skip(kind, 'there is nothing like it here; `holds` takes any SQL over one row')
      continue
    }
    const { mostly, row_condition } = given
    if (row_condition) skip(`${kind} row_condition`, `write it as \`when\`, in SQL: ${String(row_condition)}`)
    const note = [notes ?? (meta as { notes?: { content?: unknown } } | undefined)?.notes?.content]
      .flat()
      .filter(Boolean)
    try {
      for (const made of [make(given)].flat())
        add(kind, {
          ...made,
          mostly: typeof mostly === 'number' && mostly < 1 ? percentage(mostly) : undefined,
          note: note.length > 0 ? note.join(' ') : undefined,
          otherwise: severity === 'warning' || severity === 'info' ? 'warn' : undefined,
        })
    } catch {
      skip(kind, 'its arguments are not as Great Expectations writes them')
    }
  }
  return imported
}
