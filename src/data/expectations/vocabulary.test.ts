import { expect, it } from 'vitest'
import { type COLUMN_RULES, type COLUMNS_RULES, Expectation, type FORMATS, type TABLE_RULES } from '#projects/contract'
import { testFolder } from '../tables.fixture.ts'
import { looksLike } from './formats.ts'
import { columnFacts } from '../column-facts.ts'
import { withDuck } from '../duckdb.ts'
import { storedTypes } from '../event-time.ts'
import { parquet, text } from '../sql.ts'
import { checkTable } from './run.ts'

const folder = testFolder()

/** Six rows: `n` counts, `x` and `half` are numbers, `s` is text with a gap, `at` is every hour but once. */
const TABLE = [
  'n,x,half,s,t,at',
  '1,0.5,0.25,ab,x,2025-01-01T00:00:00',
  '2,1.5,0.75,abc,x,2025-01-01T01:00:00',
  '3,2.5,1.25,b,y,2025-01-01T02:00:00',
  '4,2.5,1.25,,y,2025-01-01T03:00:00',
  '5,-4,-2,cab,x,2025-01-01T05:00:00',
  '6,10,5,a b,x,2025-01-01T06:00:00',
].join('\n')

/** What holds, what does not, and how many rows break the latter. */
const COLUMN: Record<keyof typeof COLUMN_RULES, [good: object, bad: object, failing?: number]> = {
  between: [{ column: 'x', between: [-4, 10] }, { column: 'x', between: [0, null] }, 1],
  more_than: [{ column: 'x', more_than: -5 }, { column: 'x', more_than: 0.5 }, 2],
  less_than: [{ column: 'at', less_than: '2026-01-01' }, { column: 'at', less_than: '2025-01-01T05:00:00Z' }, 2],
  in: [{ column: 't', in: ['x', 'y'] }, { column: 't', in: ['x'] }, 2],
  not_in: [{ column: 'n', not_in: ['7'] }, { column: 'n', not_in: ['6', '1'] }, 2],
  not_null: [{ column: 't', not_null: true }, { column: 's', not_null: true }, 1],
  is_null: [{ column: 's', is_null: true, when: 'n = 4' }, { column: 's', is_null: true }, 5],
  not_blank: [{ column: 't', not_blank: true }, { column: 's', not_blank: true }, 1],
  unique: [{ column: 's', unique: true }, { column: 't', unique: true }, 4],
  match: [{ column: 's', match: 'a|b' }, { column: 's', match: '^a' }, 2],
  not_match: [{ column: 's', not_match: 'z' }, { column: 's', not_match: ' ' }, 1],
  match_any: [{ column: 's', match_any: ['^a', 'b'] }, { column: 's', match_any: ['^b', '^c'] }, 3],
  match_all: [{ column: 's', match_all: ['b', '[a-c]'] }, { column: 's', match_all: ['a', 'b'] }, 1],
  match_none: [{ column: 's', match_none: ['z', 'y'] }, { column: 's', match_none: ['z', '^c'] }, 1],
  like: [{ column: 's', like: '%b%' }, { column: 's', like: 'a%' }, 2],
  not_like: [{ column: 's', not_like: 'z%' }, { column: 's', not_like: '__' }, 1],
  like_any: [{ column: 's', like_any: ['a%', '%b'] }, { column: 's', like_any: ['a%'] }, 2],
  like_none: [{ column: 's', like_none: ['z%'] }, { column: 's', like_none: ['z%', 'a%'] }, 3],
  starts_with: [{ column: 't', starts_with: 'x', when: "t != 'y'" }, { column: 's', starts_with: 'ab' }, 3],
  ends_with: [{ column: 'n', ends_with: '6', when: 'n = 6' }, { column: 's', ends_with: 'b' }, 1],
  contains: [{ column: 's', contains: 'b' }, { column: 's', contains: 'a' }, 1],
  length: [{ column: 's', length: [1, 3] }, { column: 's', length: 3 }, 2],
  format: [{ column: 't', format: 'ascii' }, { column: 's', format: 'slug' }, 1],
  strftime: [{ column: 'n', strftime: '%d' }, { column: 's', strftime: '%Y' }, 5],
  integer: [{ column: 'n', integer: true }, { column: 'x', integer: true }, 4],
  step: [{ column: 'x', step: 0.5 }, { column: 'half', step: 0.5 }, 4],
  z_score_below: [{ column: 'x', z_score_below: 3 }, { column: 'x', z_score_below: 1.5 }, 1],
  increasing: [{ column: 'n', increasing: 'strict' }, { column: 'x', increasing: true }, 1],
  decreasing: [{ column: 'n', decreasing: true, when: 'n = 1' }, { column: 'x', decreasing: 'strict' }, 4],
  references: [
    { column: 't', references: { source: 'other.csv', column: 'code' } },
    { column: 's', references: { source: 'other.csv', column: 'code' } },
    5,
  ],
  exists: [
    { column: 'x', exists: true },
    { column: 'gone', exists: true },
  ],
  type: [
    { column: 'n', type: 'integer' },
    { column: 'x', type: 'integer' },
  ],
  type_in: [
    { column: 's', type_in: ['number', 'text'] },
    { column: 's', type_in: ['number', 'time'] },
  ],
  position: [
    { column: 'half', position: 2 },
    { column: 'half', position: 0 },
  ],
  min: [
    { column: 'x', min: [-5, -3] },
    { column: 'at', min: ['2025-01-02', null] },
  ],
  max: [
    { column: 'at', max: ['2025-01-01', '2025-01-02'] },
    { column: 'x', max: [null, 9] },
  ],
  mean: [
    { column: 'n', mean: [3.5, 3.5] },
    { column: 'n', mean: [4, null] },
  ],
  median: [
    { column: 'n', median: [3.5, 3.5] },
    { column: 'n', median: [0, 3] },
  ],
  sum: [
    { column: 'n', sum: [21, 21] },
    { column: 'n', sum: [null, 20] },
  ],
  std: [
    { column: 'n', std: [1.87, 1.88] },
    { column: 'n', std: [0, 1] },
  ],
  skewness: [
    { column: 'n', skewness: [-0.01, 0.01] },
    { column: 'x', skewness: [null, 0] },
  ],
  kurtosis: [
    { column: 'n', kurtosis: [-1.21, -1.19] },
    { column: 'n', kurtosis: [0, null] },
  ],
  quantiles: [
    { column: 'n', quantiles: { '0.5': [3, 4], '1': [6, 6] } },
    { column: 'n', quantiles: { '0.2': [3, 4] } },
  ],
  distinct: [
    { column: 't', distinct: 2 },
    { column: 't', distinct: [3, null] },
  ],
  distinct_share: [
    { column: 's', distinct_share: ['100%', '100%'] },
    { column: 't', distinct_share: ['50%', null] },
  ],
  missing_share: [
    { column: 's', missing_share: ['10%', '20%'] },
    { column: 's', missing_share: [null, '10%'] },
  ],
  distinct_in: [
    { column: 't', distinct_in: ['x', 'y', 'z'] },
    { column: 'n', distinct_in: ['1.0', 2] },
  ],
  distinct_equal: [
    { column: 'n', distinct_equal: [1, 2, 3, 4, 5, 6] },
    { column: 't', distinct_equal: ['x', 'y', 'z'] },
  ],
  distinct_contain: [
    { column: 't', distinct_contain: ['y'] },
    { column: 't', distinct_contain: ['z'] },
  ],
  most_common_in: [
    { column: 't', most_common_in: ['x', 'z'] },
    { column: 't', most_common_in: ['y'] },
  ],
  not_constant: [
    { column: 't', not_constant: true },
    { column: 't', not_constant: true, when: "t = 'x'" },
  ],
  entropy: [
    { column: 't', entropy: [0.91, 0.92] },
    { column: 't', entropy: [1, null] },
  ],
  divergence: [
    { column: 't', divergence: { shares: { x: 0.66, y: 0.34 }, below: 0.01 } },
    { column: 't', divergence: { shares: { x: 0.1, y: 0.9 }, below: 0.5 } },
  ],
}

const COLUMNS: Record<keyof typeof COLUMNS_RULES, [good: object, bad: object, failing?: number]> = {
  equal: [{ columns: ['x', 'half'], equal: true, when: 'x = half' }, { columns: ['x', 'half'], equal: true }, 6],
  descending: [
    { columns: ['n', 'x'], descending: true, when: 'n < 6' },
    { columns: ['n', 'x', 'half'], descending: 'or_equal' },
    2,
  ],
  in_pairs: [
    {
      columns: ['t', 'n'],
      in_pairs: [
        ['x', 1],
        ['x', 2],
        ['y', 3],
        ['y', 4],
        ['x', 5],
        ['x', 6],
      ],
    },
    { columns: ['t', 'n'], in_pairs: [['x', '1.0']] },
    5,
  ],
  unique_together: [{ columns: ['t', 'n'], unique_together: true }, { columns: ['t', 'x'], unique_together: true }, 1],
  different: [{ columns: ['s', 't'], different: true }, { columns: ['x', 'x'], different: true }, 6],
  add_up_to: [
    { columns: ['x', 'half'], add_up_to: 0.75, when: 'n = 1' },
    { columns: ['x', 'half'], add_up_to: 3.75 },
    4,
  ],
  all_or_none: [{ columns: ['n', 'x'], all_or_none: true }, { columns: ['s', 't'], all_or_none: true }, 1],
  any: [{ columns: ['s', 't'], any: true }, { columns: ['s', 's'], any: true }, 1],
  correlation: [
    { columns: ['x', 'half'], correlation: [0.99, null] },
    { columns: ['n', 'x'], correlation: [0.99, null] },
  ],
}

const OF_TABLE: Record<keyof typeof TABLE_RULES, [good: object, bad: object, failing?: number]> = {
  rows: [{ rows: [6, null] }, { rows: 7 }],
  column_count: [{ column_count: 6 }, { column_count: [null, 5] }],
  columns_are: [{ columns_are: ['at', 'n', 'x', 'half', 's', 't'] }, { columns_are: ['n', 'x'] }],
  columns_hold: [{ columns_hold: ['n', 'x'] }, { columns_hold: ['n', 'z'] }],
  columns_in_order: [{ columns_in_order: ['n', 'x', 'half', 's', 't', 'at'] }, { columns_in_order: ['x', 'n'] }],
  no_duplicates: [{ no_duplicates: true }, { no_duplicates: true }, 1],
  rows_as: [{ rows_as: 'six.csv' }, { rows_as: 'other.csv' }],
  holds: [{ holds: 'x = 2 * half' }, { holds: 'n + x > 1.5' }, 2],
  in_order: [{ in_order: true }, { in_order: true }, 1],
  gap_at_most: [{ gap_at_most: '2h' }, { gap_at_most: '1h' }, 1],
  every: [{ every: '1h', when: 'n < 5' }, { every: '1h' }, 1],
  newest_within: [{ newest_within: '36500d' }, { newest_within: '1s' }],
  spans: [{ spans: '6h' }, { spans: '1d' }],
}

async function check(expectation: object, content = TABLE) {
  await folder.write('other.csv', 'code\nx\ny\n')
  await folder.write('six.csv', 'code\n1\n2\n3\n4\n5\n6\n')
  const entry = Expectation.parse({ otherwise: 'warn', ...expectation })
  const { expectations } = await folder.ingestText(content, { time: ['at'], expect: [entry] })
  return expectations[0]!
}

const cases = { ...COLUMN, ...COLUMNS, ...OF_TABLE }

it.each(Object.entries(cases))('%s', async (key, [good, bad, failing]) => {
  const held = await check(good)
  expect([held.rule, held.passed, held.observed]).toEqual([key, true, held.observed])
  // Two of them need another table to be broken.
  const lines = TABLE.split('\n')
  const content =
    key === 'no_duplicates'
      ? `${TABLE}\n${lines[1]}`
      : key === 'in_order'
        ? `${TABLE}\n7,1,.5,c,x,2025-01-01T04:00:00`
        : TABLE
  const broken = await check(bad, content)
  expect(broken).toMatchObject({ rule: key, passed: false, failing: failing ?? 0 })
  expect(broken.sample.length).toBe(Math.min(failing ?? 0, 5))
})

it('what is known of columns already changes no verdict', async () => {
  const { parquetPath: path } = await folder.ingestText(TABLE, { time: ['at'] })
  const entries = Object.values({ ...COLUMN, ...COLUMNS }).flatMap(([good, bad]) =>
    [good, bad].map((one) => Expectation.parse({ otherwise: 'warn', ...one })),
  )
  await withDuck({ folders: [folder.path('.')], threads: 1 }, async (duck) => {
    const stored = await storedTypes(duck, parquet(path))
    const table = { path, stored, time: ['at'], others: new Map(), now: Date.now() }
    const facts = new Map((await columnFacts(duck, path, stored)).map((column) => [column.name, column]))
    expect(await checkTable(duck, { ...table, facts }, entries)).toEqual(await checkTable(duck, table, entries))
  })
})

it('compares what changes from row to row within each value of a column', async () => {
  const table = 'k,n,at\na,1,2025-01-01\nb,2,2025-01-05\na,3,2025-01-02\nb,4,2025-01-06\n'
  expect(await check({ in_order: true }, table)).toMatchObject({ passed: false, failing: 1 })
  expect(await check({ in_order: true, by: 'k' }, table)).toMatchObject({ passed: true })
})

it('mostly is a share of the rows it is about', async () => {
  const rule = { column: 's', match: '^a' }
  expect(await check({ ...rule, mostly: '60%' })).toMatchObject({ passed: true, failing: 2 })
  expect(await check({ ...rule, mostly: '61%' })).toMatchObject({ passed: false, failing: 2 })
  expect((await check({ ...rule, mostly: '60%' })).observed).toBe(
    '2 of 5 rows break it, which is within 40 %, such as row 3 (b)',
  )
})

it('keeps schema skew and value skew apart', async () => {
  expect(await check({ column: 's', between: [0, 1] })).toMatchObject({ skew: 'schema', observed: 'it holds text' })
  expect(await check({ column: 'x', between: [0, 1] })).toMatchObject({ skew: 'value' })
  expect(await check({ column: 'gone', not_null: true })).toMatchObject({ skew: 'schema' })
})

it.each([
  ['a subquery', '(SELECT count(*) FROM t) > 1'],
  ['a file', "n > (SELECT count(*) FROM read_csv('other.csv'))"],
  ['an aggregate over rows', 'row_number() OVER () = 1'],
  ['a second statement', '1) FROM t; SELECT (2'],
  ['another clause', 'true) FROM t WHERE (n = 1'],
  ['nonsense', 'n >'],
  ['a column that is not there', 'gone > 1'],
])('a condition with %s is refused', async (_, condition) => {
  await expect(check({ holds: condition })).rejects.toMatchObject({ code: 'ORRERY_DATA_EXPECTATION_UNREADABLE' })
  await expect(check({ column: 'n', not_null: true, when: condition })).rejects.toMatchObject({
    code: 'ORRERY_DATA_EXPECTATION_UNREADABLE',
  })
})

it('a regular expression that RE2 has not is refused', async () => {
  await expect(check({ column: 's', match: '(?=a)' })).rejects.toMatchObject({
    code: 'ORRERY_DATA_EXPECTATION_UNREADABLE',
  })
})

it('a table that is not there breaks what refers to it', async () => {
  expect(await check({ column: 't', references: { source: 'gone.csv', column: 'code' } })).toMatchObject({
    passed: false,
    skew: 'schema',
  })
  expect(await check({ column: 't', references: { source: 'other.csv', column: 'nope' } })).toMatchObject({
    observed: 'other.csv has no column nope',
  })
})

const LOOKS: Record<(typeof FORMATS)[number], [good: string[], bad: string[]]> = {
  email: [
    ['ada@example.org', "o'neil+x@mail.example.co.uk"],
    ['ada@', 'ada@localhost', 'a b@example.org'],
  ],
  url: [
    ['https://example.org/a?b#c', 'http://127.0.0.1:80'],
    ['example.org', 'https://', 'ftp:/x'],
  ],
  uuid: [['123e4567-e89b-12d3-a456-426614174000'], ['123e4567e89b12d3a456426614174000']],
  ipv4: [
    ['192.0.2.1', '255.255.255.255'],
    ['256.0.0.1', '1.2.3'],
  ],
  ipv6: [
    ['2001:db8::1', '::1', '::', '1:2:3:4:5:6:7:8'],
    ['1:2:3', '2001:db8:::1', '12345::'],
  ],
  hostname: [
    ['example.org', 'localhost'],
    ['-a.org', 'a b'],
  ],
  mac: [['01:23:45:67:89:ab', '01-23-45-67-89-AB'], ['01:23:45:67:89']],
  phone: [
    ['+49 30 123456', '(030) 123-456'],
    ['12', 'call me'],
  ],
  card: [
    ['4111 1111 1111 1111', '378282246310005'],
    ['4111111111111112', '4111'],
  ],
  iban: [
    ['DE89 3704 0044 0532 0130 00', 'GB82WEST12345698765432'],
    ['DE88370400440532013000', 'DE89'],
  ],
  country: [
    ['DE', 'DEU'],
    ['de', 'Germany'],
  ],
  currency: [['EUR'], ['euro']],
  date: [['2024-02-29'], ['2023-02-29', 'infinity', '2023-2-1']],
  time: [
    ['23:59', '01:02:03.5'],
    ['24:61', 'noon'],
  ],
  datetime: [
    ['2024-01-01T00:00:00Z', '2024-01-01'],
    ['2024-13-01', 'epoch'],
  ],
  json: [['{"a": [1]}', '3'], ['{a: 1}']],
  hex: [['0xFF', 'deadbeef'], ['xyz']],
  base64: [
    ['aGk=', 'YWJj'],
    ['a', 'a b='],
  ],
  slug: [['a-b-1'], ['A-b', '-a']],
  ascii: [['plain ~'], ['é']],
}

it.each(Object.entries(LOOKS))('%s', async (format, [good, bad]) => {
  const looks = (value: string) =>
    withDuck(
      { folders: [] },
      async (duck) =>
        (await duck.row<{ is: boolean }>(`SELECT coalesce(${looksLike(format as 'email', text(value))}, false) AS is`))
          .is,
    )
  for (const value of good) expect([value, await looks(value)]).toEqual([value, true])
  for (const value of bad) expect([value, await looks(value)]).toEqual([value, false])
})
