import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* Features from the file to the answer, over a real server. */

const PROJECT = `
project: shop
data:
  customers: { source: customers.csv, label: left, time: seen, id: customer, split: { by: random } }
  visits: { source: visits.csv, columns: { customer: { type: text } } }
features:
  visits:
    from: visits
    entities: [customer]
    time: day
    created: written
    ttl: 10d
    owner: shop@example.org
    columns: { pages: number, device: text }
  spending:
    from: visits
    sql: SELECT customer, day, sum(spent) OVER (PARTITION BY customer ORDER BY day) AS spent_so_far FROM visits
    entities: [customer]
    time: day
    columns: { spent_so_far: number }
`

const WAIT = { timeout: 60_000, interval: 50 }

let folder: string
let server: RunningServer
let api: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-features-'))
  await writeFile(
    join(folder, 'visits.csv'),
    [
      'customer,day,written,pages,device,spent',
      '1,2025-03-01,2025-03-01,5,phone,10',
      '1,2025-03-05,2025-03-05,7,desk,20',
      // Late: written after the row above, about the same day.
      '1,2025-03-05,2025-03-09,8,desk,0',
      '2,2025-03-02,2025-03-02,1,phone,3',
    ].join('\n'),
  )
  const customers = Array.from(
    { length: 60 },
    (_, i) => `${(i % 3) + 1},2025-03-${String((i % 20) + 1).padStart(2, '0')},${i % 2}`,
  )
  await writeFile(join(folder, 'customers.csv'), `customer,seen,left\n${customers.join('\n')}\n`)
  server = await startServer()
  api = connect(server.url)
  await api.applyProject({ body: { file: PROJECT, folder } })
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

it('lists the views of the file, each with its version', async () => {
  const { views } = await api.listFeatureViews({ params: { project: 'shop' } })
  expect(views.map(({ name, version, entities, ttl }) => ({ name, version, entities, ttl }))).toEqual([
    { name: 'spending', version: 1, entities: ['customer'], ttl: null },
    { name: 'visits', version: 1, entities: ['customer'], ttl: 864_000_000 },
  ])
  await expect(api.getFeatureView({ params: { project: 'shop', view: 'visit' } })).rejects.toMatchObject({
    code: 'ORRERY_FEATURES_VIEW_UNKNOWN',
  })
})

it('finds a feature in all projects, from the command line too', async () => {
  const { features } = await api.searchFeatures({ query: { q: 'customer pages' } })
  expect(features).toMatchObject([{ project: 'shop', view: 'visits', feature: 'pages', owner: 'shop@example.org' }])
  const { stdout } = await orrery(['features', 'search', 'spent', '--server', server.url])
  expect(stdout).toMatch(/^spent_so_far +number +shop spending@1/)
  expect((await orrery(['features', 'search', 'nothing', 'here', '--server', server.url])).stdout).toMatch(
    /^No feature has/,
  )
})

it('answers a small frame at once, as it was at each time', async () => {
  const { columns, rows, views } = await api.historicalFeatures({
    body: {
      project: 'shop',
      rows: [
        { customer: 1, event_time: '2025-03-04' },
        { customer: '1', event_time: '2025-03-06T12:00:00Z' },
        { customer: 2, event_time: '2025-03-12' },
        { customer: 2, event_time: '2025-03-12T00:00:00.001Z' },
        { customer: 9, event_time: '2025-03-12' },
      ],
    },
  })
  expect(columns).toEqual(['customer', 'event_time', 'spent_so_far', 'pages', 'device'])
  expect(rows.map((row) => row.slice(2))).toEqual([
    [10, 5, 'phone'],
    [30, 8, 'desk'],
    [3, 1, 'phone'],
    [3, null, null],
    [null, null, null],
  ])
  expect(views.map(({ view, version }) => `${view}@${version}`)).toEqual(['spending@1', 'visits@1'])
})

it('refuses a frame that is no Parquet file, or only the beginning of one', async () => {
  const send = async (body: Uint8Array<ArrayBuffer>) => {
    const answer = await fetch(`${server.url}/api/features/historical.parquet?project=shop`, { method: 'POST', body })
    return { status: answer.status, code: ((await answer.json()) as { error: { code: string } }).error.code }
  }
  const { id } = (await api.findDataVersion({ params: { project: 'shop', dataset: 'visits', number: 'latest' } }))!
  const table = await (await fetch(`${server.url}/api/data-versions/${id}/table.parquet`)).arrayBuffer()
  const unreadable = { status: 422, code: 'ORRERY_FEATURES_FRAME_UNREADABLE' }
  expect(await send(new TextEncoder().encode('customer,event_time'))).toEqual(unreadable)
  expect(await send(new Uint8Array(table, 0, table.byteLength - 40))).toEqual(unreadable)
  expect(await send(new Uint8Array(table))).toEqual({ status: 422, code: 'ORRERY_FEATURES_FRAME_COLUMN_MISSING' })
}, 60_000)

it('joins a whole data set into a version of another, whose past says from what', async () => {
  const { code, stdout } = await orrery([
    ...['features', 'join', 'shop', 'visits', '--time', 'day', '--into', 'visits-spending', '--views', 'spending'],
    ...['--server', server.url, '--json'],
  ])
  expect(code).toBe(0)
  const made = JSON.parse(stdout)
  expect(made).toMatchObject({ dataset: 'visits-spending', number: 1, rows: 4 })
  const version = await api.getDataVersion({ params: { version: made.version } })
  expect(version.source).toMatchObject({ kind: 'joined', source: 'visits@1 with spending@1' })
  const { columns, rows } = await api.previewDataVersion({ params: { version: made.version } })
  expect(rows.map((row) => row[columns.indexOf('spent_so_far')])).toEqual(['10.0', '30.0', '30.0', '3.0'])
})

it('makes a new version of a view when it gives other values, and only then', async () => {
  const apply = (file: string) => api.applyProject({ body: { file, folder } })
  await apply(PROJECT.replace('shop@example.org', 'growth@example.org'))
  const viewNow = () => api.getFeatureView({ params: { project: 'shop', view: 'visits' } })
  expect(await viewNow()).toMatchObject({ version: 1, owner: 'growth@example.org' })
  await apply(PROJECT.replace('ttl: 10d', 'ttl: 20d'))
  expect(await viewNow()).toMatchObject({ version: 2, versions: [{ version: 2 }, { version: 1 }] })
  await apply(PROJECT)
  expect(await viewNow()).toMatchObject({ version: 1 })
})

/** What the online store says of these customers, and what the last materialization did. */
async function onlineNow() {
  const { jobs } = await api.materializeFeatures({ body: { project: 'shop', views: ['recent'] } })
  const results: unknown[] = []
  for (const { job } of jobs) {
    await expect.poll(async () => (await api.getFeaturesJob({ params: { job } })).state, WAIT).toBe('succeeded')
    results.push((await api.getFeaturesJob({ params: { job } })).result)
  }
  const entities = ['1', '2', '3'].map((customer) => ({ customer }))
  const { rows } = await api.onlineFeatures({ body: { project: 'shop', entities, views: ['recent'] } })
  const of = results.find((one) => (one as { view: string }).view === 'recent') as { changed: number; entities: number }
  return { values: rows.map(({ values }) => values.score), changed: of.changed, entities: of.entities }
}

it('materializes what changed since the last time and nothing else: new, late, corrected and gone', async () => {
  const write = (lines: string[]) =>
    writeFile(join(folder, 'recent.csv'), ['customer,day,written,score', ...lines].join('\n'))
  const day = (n: number) => `2025-04-${String(n).padStart(2, '0')}`
  const first = [`1,${day(1)},${day(1)},10`, `2,${day(5)},${day(5)},20`, `3,${day(5)},${day(5)},30`]
  await write(first)
  const view = 'recent: { from: recent, entities: [customer], time: day, created: written, columns: { score: number } }'
  const file = PROJECT.replace('features:\n', `  recent: { source: recent.csv }\nfeatures:\n  ${view}\n`)
  await api.applyProject({ body: { file, folder } })
  expect(await onlineNow()).toEqual({ values: [10, 20, 30], changed: 3, entities: 3 })
  expect(await onlineNow()).toEqual({ values: [10, 20, 30], changed: 0, entities: 3 })
  // A new row for 1; a late one for 2 that is older than what is known; a correction of 3, written later.
  await write([...first, `1,${day(2)},${day(2)},11`, `2,${day(4)},${day(9)},19`, `3,${day(5)},${day(9)},31`])
  expect(await onlineNow()).toEqual({ values: [11, 20, 31], changed: 2, entities: 3 })
  // The last row of 1 is taken back, and 3 is no more.
  await write([...first.slice(0, 2), `2,${day(4)},${day(9)},19`])
  expect(await onlineNow()).toEqual({ values: [10, 20, null], changed: 3, entities: 2 })
  const pushed = { customer: 1, day: day(3), written: day(3), score: 12 }
  expect(await api.pushFeatures({ body: { project: 'shop', view: 'recent', rows: [pushed] } })).toEqual({
    kept: 1,
    older: 0,
  })
  expect((await onlineNow()).values).toEqual([12, 20, null])
}, 120_000)

it('reads one entity from the command line', async () => {
  const { code, stdout } = await orrery([
    'features',
    'online',
    'shop',
    'customer=1',
    '--views',
    'recent',
    '--server',
    server.url,
  ])
  expect(stdout).toMatch(/recent@1 .* old\n {2}score +12\n/)
  expect(code).toBe(0)
  const answer = await fetch(`${server.url}/api/features/online?project=shop&views=recent&customer=2`)
  expect(await answer.json()).toMatchObject({
    rows: [{ values: { score: 20 }, views: { recent: { status: 'present' } } }],
  })
})

it('goes on with a materialization where kill -9 cut it off', async () => {
  const many = 40_000
  const home = join(folder, 'home')
  const rows = Array.from({ length: many }, (_, i) => `${i},2025-04-01,${i * 2}`)
  await writeFile(join(folder, 'many.csv'), `customer,day,x\n${rows.join('\n')}\n`)
  const view = 'many: { from: many, entities: [customer], time: day, columns: { x: number } }'
  const file = PROJECT.replace('project: shop', 'project: many').replace(
    'features:\n',
    `  many: { source: many.csv }\nfeatures:\n  ${view}\n`,
  )
  const first = await startServer({ home })
  const before = connect(first.url)
  await before.applyProject({ body: { file, folder } })
  const asked = await before.materializeFeatures({ body: { project: 'many', views: ['many'] } })
  const { job } = asked.jobs[0]!
  const written = async (of: Server) =>
    (await of.getFeatureView({ params: { project: 'many', view: 'many' } })).materializations[0]?.written ?? 0
  await expect.poll(() => written(before), { ...WAIT, interval: 1 }).toBeGreaterThan(0)
  const cutAt = await written(before)
  await first.kill()
  expect(cutAt).toBeLessThan(many)
  const second = await startServer({ home })
  try {
    const after = connect(second.url)
    expect(await written(after)).toBeGreaterThanOrEqual(cutAt)
    await expect.poll(async () => (await after.getFeaturesJob({ params: { job } })).state, WAIT).toBe('succeeded')
    const { state, materializations } = await after.getFeatureView({ params: { project: 'many', view: 'many' } })
    expect(state).toMatchObject({ entities: many, version: 1 })
    expect(materializations.at(-1)).toMatchObject({ written: many, changed: many })
    const entities = [0, 1, 511, 512, 20_000, many - 1].map((customer) => ({ customer }))
    const { rows: read } = await after.onlineFeatures({ body: { project: 'many', views: ['many'], entities } })
    expect(read.map(({ values }) => values.x)).toEqual(entities.map(({ customer }) => customer * 2))
  } finally {
    await second.stop()
  }
}, 120_000)

it('refuses a query that reads what it must not, in words', async () => {
  const file = PROJECT.replace(
    /sql: .*/,
    "sql: SELECT 1 AS customer, 2 AS day, 3 AS spent_so_far FROM read_csv('/etc/passwd')",
  )
  await api.applyProject({ body: { file, folder } })
  const asked = api.historicalFeatures({ body: { project: 'shop', rows: [{ customer: 1, event_time: 0 }] } })
  await expect(asked).rejects.toMatchObject({ code: 'ORRERY_FEATURES_QUERY_REFUSED' })
  await api.applyProject({ body: { file: PROJECT, folder } })
})
