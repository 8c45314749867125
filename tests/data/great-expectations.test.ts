import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { importExpectations, withDuck } from '#data'
import { Expectation } from '#projects/contract'
import { testFolder } from '../../src/data/tables.fixture.ts'
import { HAS_PYTHON, pythonOf } from '../support/python.ts'

/* Each expectation of Great Expectations that is imported, judged by both on the same tables: with missing values, repeated ones,
   times, and columns of one value. */

const PEER = fileURLToPath(new URL('great_expectations_peer.py', import.meta.url))
const LOCK = fileURLToPath(new URL('great_expectations.lock', import.meta.url))

interface Written {
  type: string
  kwargs: Record<string, unknown>
}
interface Case {
  table: string
  expectations: Written[]
}

type Row = { n: number | null; m: number | null; k: number; t: string | null; u: string | null; day: string | null }
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { freq: 6, nil: null })
const words = fc.constantFrom('a', 'b', 'ab', 'ä', 'a1', '12', 'x y', '{"a": 1}', '10.0.0.1')
const row: fc.Arbitrary<Row> = fc.record({
  n: maybe(fc.constantFrom(-3, -1, 0, 0.5, 1, 2, 2.5, 7)),
  m: maybe(fc.integer({ min: -3, max: 4 })),
  k: fc.integer({ min: 0, max: 50 }),
  t: maybe(words),
  u: maybe(words),
  day: maybe(
    fc.integer({ min: 0, max: 40 }).map((day) => new Date(1.7e12 + day * 86_400_000).toISOString().slice(0, 10)),
  ),
})
/** Long enough that every column has a value. */
const tables = fc
  .array(row, { minLength: 12, maxLength: 40 })
  // Between two rows a quantile is interpolated here, and the nearest row's there: with an odd number it is a row's.
  .map((rows) => (rows.length % 2 === 0 ? rows.slice(1) : rows))

const end = fc.constantFrom(-3, -1, 0, 0.5, 1, 2, 4, 10)
const ends = fc.tuple(end, end).map(([a, b]) => ({ min_value: Math.min(a, b), max_value: Math.max(a, b) }))
const someWords = fc.subarray(['a', 'b', 'ab', 'ä', 'a1', '12', 'x y', 'zz'], { minLength: 1 })
const someNumbers = fc.subarray([-3, -1, 0, 0.5, 1, 2, 2.5, 7], { minLength: 1 })
const pattern = fc.constantFrom('a', '^a', 'b$', '^a|b', '[0-9]+', '^[a-z]+$', '.', '[ä1]')
const mostly = fc.constantFrom({}, {}, { mostly: 0.5 }, { mostly: 0.9 })
const share = fc.constantFrom(0, 0.1, 0.5, 0.9, 1)
const shares = fc.tuple(share, share).map(([a, b]) => ({ min_value: Math.min(a, b), max_value: Math.max(a, b) }))
const counts = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 40 }))
  .map(([a, b]) => ({ min_value: Math.min(a, b), max_value: Math.max(a, b) }))

const of = (type: string, ...kwargs: fc.Arbitrary<Record<string, unknown>>[]): fc.Arbitrary<Written> =>
  fc.tuple(...kwargs).map((parts) => ({ type: `expect_${type}`, kwargs: Object.assign({}, ...parts) }))
const fixed = (kwargs: Record<string, unknown>) => fc.constant(kwargs)
const number = fc.constantFrom({ column: 'n' }, { column: 'm' })
const text = fc.constantFrom({ column: 't' }, { column: 'u' })
const pair = fixed({ column_A: 'n', column_B: 'm' })
/** Alone, or with rows left out that lack a value: what they count as is one entry more, with a `mostly` of its own. */
const missingOfPair = fc.oneof(
  fixed({}),
  mostly.map((one) => ({ ...one, ignore_row_if: 'either_value_is_missing' })),
)
const strict = fc.constantFrom({}, { strict_min: true }, { strict_max: true })

/** Every kind that the import knows, with what it may be given. */
const KINDS: fc.Arbitrary<Written>[] = [
  of('column_values_to_be_between', number, ends, strict, mostly),
  of(
    'column_values_to_be_in_set',
    number,
    someNumbers.map((value_set) => ({ value_set })),
    mostly,
  ),
  of(
    'column_values_to_be_in_set',
    text,
    someWords.map((value_set) => ({ value_set })),
    mostly,
  ),
  of(
    'column_values_to_not_be_in_set',
    text,
    someWords.map((value_set) => ({ value_set })),
    mostly,
  ),
  of('column_values_to_not_be_null', fc.constantFrom({ column: 'k' }, { column: 'n' }, { column: 't' }), mostly),
  of('column_values_to_be_null', text, mostly),
  // Without `mostly`: of equal values the first breaks nothing here, so that it is kept when the others are set aside.
  of('column_values_to_be_unique', fc.constantFrom({ column: 'k' }, { column: 't' })),
  of(
    'column_values_to_match_regex',
    text,
    pattern.map((regex) => ({ regex })),
    mostly,
  ),
  of(
    'column_values_to_not_match_regex',
    text,
    pattern.map((regex) => ({ regex })),
    mostly,
  ),
  of(
    'column_values_to_match_regex_list',
    text,
    fc
      .tuple(pattern, pattern, fc.constantFrom('any', 'all'))
      .map(([a, b, match_on]) => ({ regex_list: [a, b], match_on })),
  ),
  of(
    'column_values_to_not_match_regex_list',
    text,
    fc.tuple(pattern, pattern).map((regex_list) => ({ regex_list })),
  ),
  of('column_value_lengths_to_be_between', text, counts, mostly),
  of('column_value_lengths_to_equal', text, fc.constantFrom({ value: 1 }, { value: 2 }), mostly),
  of('column_values_to_be_json_parseable', text, mostly),
  of('column_values_to_match_strftime_format', fixed({ column: 'day', strftime_format: '%Y-%m-%d' })),
  of(
    'column_value_z_scores_to_be_less_than',
    number,
    fc.constantFrom({ threshold: 1 }, { threshold: 2.5 }).map((one) => ({ ...one, double_sided: true })),
  ),
  of('column_values_to_be_increasing', fixed({ column: 'k' }), fc.constantFrom({}, { strictly: true })),
  of('column_values_to_be_decreasing', fixed({ column: 'k' }), fc.constantFrom({}, { strictly: true })),
  of(
    'column_to_exist',
    fc.constantFrom(
      { column: 'n' },
      { column: 'zz' },
      { column: 't', column_index: 3 },
      { column: 't', column_index: 1 },
    ),
  ),
  of('column_min_to_be_between', number, ends),
  of('column_max_to_be_between', number, ends),
  of('column_mean_to_be_between', number, ends),
  of('column_median_to_be_between', number, ends),
  of('column_sum_to_be_between', number, ends),
  of('column_stdev_to_be_between', number, ends),
  of(
    'column_quantile_values_to_be_between',
    fixed({ column: 'k' }),
    fc.constantFrom(
      {
        quantile_ranges: {
          quantiles: [0, 0.5, 1],
          value_ranges: [
            [0, 10],
            [10, 30],
            [30, 50],
          ],
        },
      },
      { quantile_ranges: { quantiles: [0.5], value_ranges: [[null, 25]] } },
    ),
  ),
  of('column_unique_value_count_to_be_between', text, counts),
  of('column_proportion_of_unique_values_to_be_between', text, shares),
  of('column_proportion_of_non_null_values_to_be_between', text, shares),
  of(
    'column_distinct_values_to_be_in_set',
    text,
    someWords.map((value_set) => ({ value_set })),
  ),
  of(
    'column_distinct_values_to_contain_set',
    text,
    someWords.map((value_set) => ({ value_set })),
  ),
  of(
    'column_distinct_values_to_equal_set',
    text,
    someWords.map((value_set) => ({ value_set })),
  ),
  of(
    'column_most_common_value_to_be_in_set',
    text,
    someWords.map((value_set) => ({ value_set })),
  ),
  of('column_pair_values_to_be_equal', pair, missingOfPair),
  of('column_pair_values_a_to_be_greater_than_b', pair, fc.constantFrom({}, { or_equal: true }), missingOfPair),
  of(
    'column_pair_values_to_be_in_set',
    fixed({ column_A: 't', column_B: 'u' }),
    fc.constantFrom({
      value_pairs_set: [
        ['a', 'b'],
        ['b', 'a'],
        ['a', 'a'],
      ],
    }),
  ),
  of('compound_columns_to_be_unique', fc.constantFrom({ column_list: ['t', 'u'] }, { column_list: ['k', 't', 'n'] })),
  of('select_column_values_to_be_unique_within_record', fixed({ column_list: ['t', 'u'] }), mostly),
  of(
    'multicolumn_sum_to_equal',
    fixed({ column_list: ['n', 'm'] }),
    fc.constantFrom({ sum_total: 0 }, { sum_total: 3 }),
  ),
  of('table_row_count_to_be_between', counts),
  of('table_row_count_to_equal', fc.constantFrom({ value: 12 }, { value: 20 })),
  of('table_column_count_to_be_between', fc.constantFrom({ min_value: 6 }, { max_value: 5 })),
  of('table_column_count_to_equal', fc.constantFrom({ value: 6 }, { value: 7 })),
  of(
    'table_columns_to_match_set',
    fc.constantFrom(
      { column_set: ['n', 'm', 'k', 't', 'u', 'day'] },
      { column_set: ['n', 'm'], exact_match: false },
      { column_set: ['n', 'm'] },
    ),
  ),
  of(
    'table_columns_to_match_ordered_list',
    fc.constantFrom(
      { column_list: ['n', 'm', 'k', 't', 'u', 'day'] },
      { column_list: ['m', 'n', 'k', 't', 'u', 'day'] },
    ),
  ),
]

/** Where several values are the most frequent, it holds here when all of them are among the set, and there never. */
function isTie({ type, kwargs }: Written, rows: readonly Row[]): boolean {
  if (type !== 'expect_column_most_common_value_to_be_in_set') return false
  const values = rows.map((one) => one[kwargs.column as 't' | 'u']).filter((value) => value !== null)
  const counts = [...Map.groupBy(values, (value) => value).values()].map((group) => group.length).sort((a, b) => b - a)
  return counts[0] === counts[1]
}

const folder = testFolder()

async function write(name: string, rows: readonly Row[]): Promise<string> {
  const [lines, table] = [folder.path(`${name}.jsonl`), folder.path(`${name}.parquet`)]
  await writeFile(lines, rows.map((one, i) => JSON.stringify({ ...one, i })).join('\n'))
  const columns = "{n: 'DOUBLE', m: 'DOUBLE', k: 'BIGINT', t: 'VARCHAR', u: 'VARCHAR', day: 'VARCHAR', i: 'BIGINT'}"
  await withDuck({ folders: [folder.path()], threads: 1 }, (duck) =>
    duck.run(
      `COPY (SELECT n, m, k, t, u, day FROM read_json('${lines}', format = 'newline_delimited', columns = ${columns}) ORDER BY i) TO '${table}'`,
    ),
  )
  return table
}

async function ours({ table, expectations }: Case): Promise<boolean[]> {
  const text = { type: 'text' as const, missing: [] }
  const number = { type: 'number' as const, missing: [] }
  const columns = { t: text, u: text, day: text, m: number, k: number }
  // What is imported of one of theirs, all of it, is one verdict.
  const imported = expectations.map((one) => {
    const { entries, skipped } = importExpectations(JSON.stringify({ expectations: [one] }), 'suite.json')
    if (skipped.length > 0) throw new Error(`${skipped[0]!.what}: ${skipped[0]!.why}`)
    return entries.map((entry) => Expectation.parse(entry))
  })
  const spec = { source: table, columns, expect: imported.flat() }
  const { expectations: results } = await folder.ingest(spec as never)
  const verdicts = imported.flatMap((entries, i) => entries.flatMap((entry) => rulesOf(entry).map(() => i)))
  return imported.map((_, i) => results.every(({ passed }, k) => verdicts[k] !== i || passed))
}

/** The keys of an entry that say something: each is a result. */
const rulesOf = (entry: object) =>
  Object.entries(entry).filter(
    ([key, value]) =>
      value !== undefined && !['column', 'columns', 'by', 'mostly', 'when', 'note', 'otherwise'].includes(key),
  )

describe.skipIf(!HAS_PYTHON)('each imported expectation, beside Great Expectations (needs python3)', () => {
  let env: Record<string, string> = {}
  beforeAll(async () => {
    env = (await pythonOf(LOCK)).env
  }, 600_000)

  it('says the same of the same tables', { timeout: 600_000 }, async () => {
    const samples = fc.sample(fc.tuple(tables, fc.tuple(...KINDS)), { numRuns: 16, seed: 20260101 })
    const cases: Case[] = []
    for (const [i, [rows, expectations]] of samples.entries())
      cases.push({ table: await write(`table-${i}`, rows), expectations })
    const asked = folder.path('cases.json')
    await writeFile(asked, JSON.stringify(cases))
    const { stdout } = await promisify(execFile)('python', [PEER, asked], {
      env: { ...process.env, ...env },
      maxBuffer: 1e8,
    })
    const theirs = JSON.parse(stdout) as (boolean | string)[][]
    const differing: string[] = []
    let [judged, held] = [0, 0]
    for (const [i, one] of cases.entries()) {
      const here = await ours(one)
      for (const [k, verdict] of theirs[i]!.entries()) {
        if (isTie(one.expectations[k]!, samples[i]![0])) continue
        judged++
        if (here[k]) held++
        if (verdict !== here[k])
          differing.push(`${JSON.stringify(one.expectations[k])} of table ${i}: ${verdict} there, ${here[k]} here`)
      }
    }
    expect(differing).toEqual([])
    expect([judged > 500, held > judged / 5, held < judged]).toEqual([true, true, true])
  })
})
