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
