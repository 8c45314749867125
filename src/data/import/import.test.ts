import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { Expectation } from '#projects/contract'
import { importExpectations } from './import-expectations.ts'

/** As Great Expectations 1.x saves a suite. */
const SUITE = {
  name: 'orders',
  expectations: [
    {
      type: 'expect_column_values_to_be_between',
      kwargs: { column: 'amount', min_value: 0, strict_min: true, max_value: 9, mostly: 0.99 },
    },
    {
      type: 'expect_column_values_to_be_in_set',
      kwargs: { column: 'state', value_set: ['new', 'paid'] },
      severity: 'warning',
    },
    { type: 'expect_column_values_to_match_regex', kwargs: { column: 'code', regex: '[A-Z]+' }, notes: 'as printed' },
    { type: 'expect_column_values_to_be_of_type', kwargs: { column: 'n', type_: 'int64' } },
    {
      type: 'expect_column_quantile_values_to_be_between',
      kwargs: {
        column: 'n',
        quantile_ranges: {
          quantiles: [0.1, 0.5],
          value_ranges: [
            [0, 1],
            [null, 4],
          ],
        },
      },
    },
    { type: 'expect_column_proportion_of_non_null_values_to_be_between', kwargs: { column: 'n', min_value: 0.9 } },
    {
      type: 'expect_column_pair_values_a_to_be_greater_than_b',
      kwargs: { column_A: 'a', column_B: 'b', or_equal: true },
    },
    { type: 'expect_table_row_count_to_be_between', kwargs: { min_value: 10 } },
    { type: 'expect_column_values_to_be_valid_ipv4', kwargs: { column: 'host' } },
    { expectation_type: 'expect_column_values_to_not_be_null', kwargs: { column: 'old', row_condition: 'a > 1' } },
    { type: 'expect_something_of_our_own', kwargs: {} },
    { type: 'expect_column_quantile_values_to_be_between', kwargs: { column: 'n' } },
  ],
}

it('a suite of Great Expectations becomes entries; what has no place is told', () => {
  const { entries, skipped, yaml, from } = importExpectations(JSON.stringify(SUITE), 'suite.json')
  expect(from).toBe('great_expectations')
  expect(entries).toEqual([
    { column: 'amount', between: [null, 9], more_than: 0, mostly: '99%' },
    { column: 'state', in: ['new', 'paid'], otherwise: 'warn' },
    { column: 'code', match: '[A-Z]+', note: 'as printed' },
    { column: 'n', type: 'integer' },
    { column: 'n', quantiles: { '0.1': [0, 1], '0.5': [null, 4] } },
    { column: 'n', missing_share: [null, '10%'] },
    { columns: ['a', 'b'], descending: 'or_equal' },
    { columns: ['a', 'b'], all_or_none: true },
    { rows: [10, null] },
    { column: 'host', format: 'ipv4' },
    { column: 'old', not_null: true },
  ])
  expect(skipped.map((one) => one.what)).toEqual([
    'expect_column_values_to_not_be_null row_condition',
    'expect_something_of_our_own',
    'expect_column_quantile_values_to_be_between',
  ])
  const read = parse(yaml) as { expect: unknown[] }
  expect(read.expect).toEqual(entries)
  for (const entry of read.expect) expect(Expectation.safeParse(entry).success).toBe(true)
})

it('a schema of Pandera becomes entries', () => {
  const schema = `schema_type: dataframe
version: 0.35.0
columns:
  amount:
    dtype: float64
    nullable: false
    checks:
      greater_than_or_equal_to: 0
      in_range: { min_value: 0, max_value: 9, include_max: false }
    unique: true
  state:
    dtype: str
    nullable: true
    required: false
    checks:
      - value: [new, paid]
        options: { check_name: isin, raise_warning: true }
      - options: { check_name: my_own }
  made: { dtype: 'datetime64[ns]', nullable: true }
checks: null
strict: true
unique: [amount, made]
`
  const { entries, skipped, from } = importExpectations(schema, 'schema.yaml')
  expect(from).toBe('pandera')
  expect(entries).toEqual([
    { column: 'amount', exists: true, type: 'number' },
    { column: 'amount', not_null: true, unique: true },
    { column: 'amount', between: [0, null] },
    { column: 'amount', between: [0, null], less_than: 9 },
    { column: 'state', type: 'text' },
    { column: 'state', in: ['new', 'paid'], otherwise: 'warn' },
    { column: 'made', exists: true, type: 'time' },
    { columns_are: ['amount', 'state', 'made'] },
    { columns: ['amount', 'made'], unique_together: true },
  ])
  expect(skipped.map((one) => one.what)).toEqual(['state: my_own'])
})

it.each(['{', 'just text', '[]', '{"a": 1}', 'a: &x [1]\nb: [*x, *x]'])('%s is refused', (text) => {
  expect(() => importExpectations(text, 'x')).toThrow(
    expect.objectContaining({ code: 'ORRERY_DATA_IMPORT_UNREADABLE' }),
  )
})
