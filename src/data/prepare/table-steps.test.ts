import { beforeAll, describe, expect, it } from 'vitest'
import { PrepareStep } from '#projects/contract'
import { appendRows } from '../append.ts'
import type { DatasetSpec } from '../contract.ts'
import { withDuck } from '../duckdb.ts'
import type { IngestRequest } from '../ingest.ts'
import { parquet } from '../sql.ts'
import { splitBy, testFolder } from '../tables.fixture.ts'

const folder = testFolder()
const DAY = 86_400_000
const day = (i: number) => new Date(1.7e12 - (1.7e12 % DAY) + i * DAY).toISOString().slice(0, 10)

/** Of orders: 200 over 100 days, by 20 customers. */
const orders = Array.from({ length: 200 }, (_, i) => ({
  order: i + 1,
  customer: (i * 7) % 20,
  placed: day(Math.floor(i / 2)),
  amount: ((i * 37) % 101) + 0.5,
  city: ['Ulm', 'Bonn', 'Jena'][i % 3]!,
  back: (i * 13) % 4 === 0 ? 'yes' : 'no',
}))
/** What each customer was worth, from a day on. */
const values = Array.from({ length: 60 }, (_, i) => ({
  customer: i % 20,
  since: day(Math.floor(i / 20) * 40),
  worth: i,
}))

const csv = (rows: readonly Record<string, unknown>[]) =>
  `${Object.keys(rows[0]!).join(',')}\n${rows.map((row) => Object.values(row).join(',')).join('\n')}\n`

beforeAll(async () => {
  await folder.write('orders.csv', csv(orders))
  await folder.write('values.csv', csv(values))
  await folder.write('cities.csv', 'city,people\nUlm,126\nBonn,330\n')
})

const others: Record<string, DatasetSpec> = {
  values: { source: 'values.csv', time: ['since'] },
  cities: { source: 'cities.csv' },
}
const steps = (...written: unknown[]) => written.map((one) => PrepareStep.parse(one))
const labelled: Omit<DatasetSpec, 'source'> = { label: 'back', time: ['placed'], id: 'order', split: splitBy('time') }

async function rowsOf(
  prepare: unknown[],
  spec: Omit<DatasetSpec, 'source'> = labelled,
  more: Partial<IngestRequest> = {},
) {
  const request = { dataset: 'orders', others, ...more }
  const table = await folder.ingest({ source: 'orders.csv', ...spec, prepare: steps(...prepare) }, request)
  const rows = await withDuck({ folders: [folder.path()] }, (duck) =>
    duck.rows<Record<string, unknown>>(`SELECT * FROM ${parquet(table.parquetPath)}`),
  )
  return { table, rows }
}
const refused = (prepare: unknown[], spec?: Omit<DatasetSpec, 'source'>) => expect(rowsOf(prepare, spec)).rejects

describe('a step that makes rows', () => {
  it('filters', async () => {
    const { table, rows } = await rowsOf([{ filter: 'amount > 50 && city != "Jena"' }])
    const kept = orders.filter((one) => one.amount > 50 && one.city !== 'Jena')
    expect(rows.map((one) => one.order)).toEqual(kept.map((one) => one.order))
    expect(table.source).toMatchObject({
      kind: 'files',
      source: 'orders.csv',
      prepared: { recipe: expect.stringMatching(/^sha256:/) },
    })
  })

  it('joins by key, keeping the order and rows without a partner', async () => {
    const { table, rows } = await rowsOf([{ join: { with: 'cities', on: 'city' } }])
    const people = { Ulm: 126, Bonn: 330, Jena: null } as Record<string, number | null>
    expect(rows.map((one) => [one.order, one.people])).toEqual(orders.map((one) => [one.order, people[one.city]]))
    expect(Object.keys((table.source as { prepared: { tables: object } }).prepared.tables)).toEqual(['cities'])
    const inner = await rowsOf([{ join: { with: 'cities', on: 'city', kind: 'inner' } }])
    expect(inner.rows.length).toBe(orders.filter((one) => one.city !== 'Jena').length)
  })

  it('joins what held at the time of the row', async () => {
    const { rows } = await rowsOf([{ join: { with: 'values', on: 'customer', as_of: 'since' } }])
    const worth = ({ customer, placed }: (typeof orders)[number]) =>
      values.filter((one) => one.customer === customer && one.since <= placed).at(-1)?.worth ?? null
    expect(rows.map((one) => one.worth)).toEqual(orders.map(worth))
  })

  it('aggregates and resamples', async () => {
    const by = {
      by: ['customer'],
      columns: { n: 'count()', total: 'sum(amount)', last: 'last(city)', cities: 'distinct(city)' },
    }
    const { rows } = await rowsOf([{ aggregate: by }], {})
    const groups = [...Map.groupBy(orders, (one) => one.customer)].sort(([a], [b]) => a - b)
    expect(rows).toEqual(
      groups.map(([customer, of]) => ({
        customer,
        n: of.length,
        total: of.reduce((sum, one) => sum + one.amount, 0),
        last: of.at(-1)!.city,
        cities: new Set(of.map((one) => one.city)).size,
      })),
    )
    const weekly = await rowsOf([{ resample: { every: '7d', columns: { mean: 'mean(amount)' } } }], {
      time: ['placed'],
    })
    const weeks = [...Map.groupBy(orders, (one) => Math.floor(Date.parse(one.placed) / (7 * DAY)) + 1)]
    // A week's row has the time at which the week is over.
    expect(weekly.rows.map((one) => (one.placed as Date).getTime())).toEqual(weeks.map(([week]) => week * 7 * DAY))
    weekly.rows.forEach((one, i) => {
      const of = weeks[i]![1]
      expect(one.mean).toBeCloseTo(of.reduce((sum, { amount }) => sum + amount, 0) / of.length, 10)
    })
  })

  it('samples, the same rows each time, and keys as a whole', async () => {
    const { rows } = await rowsOf([{ sample: { share: '50%', by: 'customer', seed: 3 } }])
    const kept = new Set(rows.map((one) => one.customer))
    expect(rows.length).toBe(orders.filter((one) => kept.has(one.customer)).length)
    expect(kept.size).toBeGreaterThan(3)
    expect(kept.size).toBeLessThan(17)
  })

  it('is SQL over the data sets, whose columns become numbers, times and texts', async () => {
    const sql = `SELECT o.*, people, date_trunc('month', placed) AS month, amount > 50 AS large FROM orders o LEFT JOIN cities USING (city) ORDER BY "order"`
    const { table, rows } = await rowsOf([{ sql }])
    expect(rows.length).toBe(200)
    expect(rows[0]).toMatchObject({ order: 1, people: 126, large: 'false', month: expect.any(Date) })
    expect(table.schema.columns.find((one) => one.name === 'month')!.type).toBe('timestamp')
    // The same from the same.
    expect((await rowsOf([{ sql }])).table.contentHash).toBe(table.contentHash)
  })

  it('may read a data set that has a recipe itself', async () => {
    const perCustomer = { by: ['customer'], columns: { spent: 'sum(worth)' } }
    const spent: DatasetSpec = { source: 'values.csv', prepare: steps({ aggregate: perCustomer }) }
    const { rows } = await rowsOf([{ join: { with: 'spent', on: 'customer' } }], labelled, {
      others: { ...others, spent },
    })
    expect(rows[0]).toMatchObject({ customer: 0, spent: 0 + 20 + 40 })
  })
})

describe('says what is wrong, and in which step', () => {
  it.each([
    ['an unknown column', [{ filter: 'amonut > 3' }], 'there is no column "amonut"'],
    ['no condition', [{ filter: 'amount + 3' }], 'it is a number and no condition'],
    ['a key that repeats', [{ join: { with: 'values', on: 'customer' } }], '"values" has 3 rows where customer is'],
    ['an unknown name in SQL', [{ sql: 'SELECT nope FROM orders' }], 'Referenced column "nope" not found'],
    ['nothing left', [{ filter: 'amount > 1000' }], 'no row is left'],
    [
      'a product of tables',
      [{ sql: 'SELECT a.* FROM orders a, orders b, orders c' }],
      'it makes more than 1,000,000 rows',
    ],
    ['a list in a cell', [{ sql: 'SELECT *, [1, 2] AS list FROM orders' }], 'holds INTEGER[]'],
  ])('%s', async (_, prepare, message) => {
    await refused([{ sample: { share: '100%' } }, ...prepare]).toMatchObject({
      code: 'ORRERY_DATA_STEP_REFUSED',
      message: expect.stringContaining(message),
      details: { step: 1 },
    })
  })
})

describe('refuses what leaks', () => {
  const code = { code: 'ORRERY_DATA_STEP_REFUSED' }
  const random = { ...labelled, time: undefined, split: splitBy('random') }

  it.each([
    `SELECT *, back = 'yes' AS hint FROM orders`,
    `SELECT * FROM orders WHERE back = 'yes' OR amount > 50`,
    `SELECT *, hash(orders) AS h FROM orders`,
    `SELECT *, avg((back = 'yes')::INT) OVER (PARTITION BY city ORDER BY placed) AS rate FROM orders`,
    `SELECT *, row_number() OVER (ORDER BY back, placed) AS n FROM orders`,
  ])('the label used: %s', async (sql) => {
    await refused([{ sql }]).toMatchObject({ ...code, message: expect.stringContaining('depend on the label "back"') })
  })

  it.each([
    'SELECT *, avg(amount) OVER () AS mean FROM orders',
    'SELECT *, lead(amount) OVER (PARTITION BY customer ORDER BY placed) AS next FROM orders',
    'SELECT o.*, worth FROM orders o JOIN (SELECT customer, max(worth) AS worth FROM values GROUP BY customer) USING (customer)',
    'SELECT *, (SELECT sum(amount) FROM orders) AS all_of_it FROM orders',
  ])('the future seen: %s', async (sql) => {
    await refused([{ sql }]).toMatchObject({ ...code, message: expect.stringContaining('what has not happened yet') })
  })

  it.each([
    'SELECT *, avg(amount) OVER () AS mean FROM orders',
    'SELECT *, amount / (SELECT max(amount) FROM orders) AS part FROM orders',
  ])('the whole table looked at where rows have no time: %s', async (sql) => {
    await refused([{ sql }], random).toMatchObject({ ...code, message: expect.stringContaining('the test part') })
  })

  it('but not what looks back, nor a label that the query makes', async () => {
    const back =
      'SELECT *, sum(amount) OVER (PARTITION BY customer ORDER BY placed, "order" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS so_far FROM orders'
    expect((await rowsOf([{ sql: back }])).rows.length).toBe(200)
    const made = `SELECT * EXCLUDE (back), back = 'yes' AND amount > 20 AS worth_it FROM orders`
    expect((await rowsOf([{ sql: made }], { ...labelled, label: 'worth_it' })).table.profile.label!.column).toBe(
      'worth_it',
    )
  })
})

it('rows that are added later meet the filter, too', async () => {
  const prepare = steps({ filter: 'amount > 50' })
  const { table } = await rowsOf([{ filter: 'amount > 50' }])
  const fresh = [10, 60, 70].map((amount, i) => ({
    order: 900 + i,
    customer: 1,
    placed: day(200 + i),
    amount,
    city: 'Ulm',
    back: 'no',
  }))
  const appended = await appendRows({
    base: table,
    rows: fresh,
    from: 'the log',
    spec: { ...labelled, prepare },
    target: folder.target(),
  })
  expect(appended.rows).toBe(table.rows + 2)
  expect(appended.source.rows).toBe(2)
})
