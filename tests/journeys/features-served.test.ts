import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeTables } from '../../examples/churn-features/make-tables.ts'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* The example churn-features: views joined for training, kept ready for serving, filled into requests, logged. */

const project = 'churn-features'
const WAIT = { timeout: 120_000, interval: 100 }

let folder: string
let server: RunningServer
let api: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-churn-features-'))
  await makeTables(folder, { until: Date.now() })
  server = await startServer()
  api = connect(server.url)
  const file = await readFile(new URL('../../examples/churn-features/orrery.yaml', import.meta.url), 'utf8')
  await api.applyProject({ body: { file, folder } })
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const predict = (record: Record<string, string | number | null>, more: object = {}) =>
  api.predict({ params: { endpoint: 'leaving-soon' }, body: { records: [record], ...more } })

it('trains on features as they were, and says of which views and data they are', async () => {
  const { id } = await api.startPipeline({ params: { project }, body: {} })
  const run = () => api.getPipelineRun({ params: { run: id } })
  await expect.poll(async () => (await run()).finishedAt, WAIT).not.toBeNull()
  expect((await run()).error).toBeNull()
  await expect
    .poll(async () => (await api.servingStatus({ params: { endpoint: 'leaving-soon' } })).ready, WAIT)
    .toBe(true)
  const { views } = await api.listFeatureViews({ params: { project } })
  expect(views.map(({ name }) => name)).toEqual(['bother', 'support', 'usage'])
  for (const { name } of views.filter(({ onDemand }) => onDemand === null)) {
    const materialized = async () =>
      (await api.getFeatureView({ params: { project, view: name } })).state?.materializedAt ?? null
    await expect.poll(materialized, WAIT).not.toBeNull()
  }
  const { versions } = await api.listDataVersions({ params: { project, dataset: 'customers' } })
  expect(versions[0]!.source).toMatchObject({
    kind: 'files',
    features: [
      { view: 'usage', version: 1 },
      { view: 'support', version: 1 },
      { view: 'bother', version: 1 },
    ],
  })
  const { schema, profile } = await api.getDataVersion({ params: { version: versions[0]!.id } })
  const names = schema.columns.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining(['minutes_7d', 'plan', 'support_calls_60d', 'calls_per_100_minutes', 'contract', 'churned']),
  )
  expect(profile.columns.find(({ name }) => name === 'minutes_7d')!.missing).toBeLessThan(versions[0]!.rows / 10)
}, 240_000)

it('tries a recipe out on rows that have their features, from the command line too', async () => {
  const params = { project, dataset: 'customers' }
  const recipe = '- clip: { columns: [minutes_7d], to: 90% }'
  const tried = await api.previewRecipe({ params, body: { recipe } })
  expect(tried.problem).toBeNull()
  expect(tried.before.columns).toEqual(expect.arrayContaining(['minutes_7d', 'plan', 'calls_per_100_minutes']))
  // What finds features is none.
  expect(tried.before.columns).not.toContain('customer_id')
  const minutes = tried.columns.find(({ name }) => name === 'minutes_7d')!
  expect(minutes.before!.numbers!.max).toBeGreaterThan(minutes.after!.numbers!.max)
  // Another recipe starts from the same joined rows.
  const imputed = await api.previewRecipe({ params, body: { recipe: '- impute: { columns: [plan], with: x }' } })
  expect([imputed.problem, imputed.rows]).toEqual([null, tried.rows])
  const file = fileURLToPath(new URL('../../examples/churn-features/orrery.yaml', import.meta.url))
  const told = await orrery(['data', 'preview', file, '--json', '--server', server.url])
  expect(told.code, told.stderr).toBe(0)
  expect(JSON.parse(told.stdout).before.columns).toContain('minutes_7d')
}, 60_000)

it('answers a request that names the customer only, and logs the features that were used', async () => {
  const asked = { customer_id: 'c0042', contract: 'monthly', asked_at: new Date().toISOString() }
  const { rows } = await api.onlineFeatures({ body: { project, entities: [asked] } })
  const [answer] = (await predict(asked)).predictions
  const { inputs, value } = await api.getPrediction({ params: { id: answer!.id } })
  expect(inputs).toEqual({ ...asked, ...rows[0]!.values })
  expect(inputs.minutes_7d).toBeTypeOf('number')
  expect(value).toBe(answer!.value)
})

it('computes on demand what the same definition gives in training', async () => {
  const now = Date.now()
  const rows = Array.from({ length: 40 }, (_, i) => ({
    customer_id: `c${String(i * 7).padStart(4, '0')}`,
    asked_at: new Date(now - i * 60_000).toISOString(),
  }))
  const { rows: online } = await api.onlineFeatures({ body: { project, views: ['bother'], entities: rows } })
  // As of now, since online is as of now.
  const frame = rows.map((row) => ({ ...row, event_time: new Date(now).toISOString() }))
  const past = await api.historicalFeatures({ body: { project, views: ['bother'], rows: frame } })
  expect(past.columns).toEqual([
    ...['customer_id', 'asked_at', 'event_time', 'calls_per_100_minutes', 'gb_per_minute', 'hour_asked'],
  ])
  expect(past.views.map(({ view }) => view)).toEqual(['support', 'usage', 'bother'])
  expect(online.map(({ values }) => Object.values(values))).toEqual(past.rows.map((row) => row.slice(3)))
  expect(online.some(({ values }) => Number(values.calls_per_100_minutes) > 0)).toBe(true)
  // Who names no view gets those that can be computed, here and there.
  const without = frame.map(({ customer_id, event_time }) => ({ customer_id, event_time }))
  const all = await api.historicalFeatures({ body: { project, rows: without } })
  expect(all.views.map(({ view }) => view)).toEqual(['support', 'usage'])
  expect(all.lacking).toEqual({ bother: 'asked_at' })
  expect(all.columns).not.toContain('hour_asked')
  const named = api.historicalFeatures({ body: { project, views: ['bother'], rows: without } })
  await expect(named).rejects.toMatchObject({ code: 'ORRERY_FEATURES_FRAME_COLUMN_MISSING', status: 422 })
  const { rows: lacking } = await api.onlineFeatures({ body: { project, entities: [{ customer_id: 'c0042' }] } })
  expect(lacking[0]!.views.bother!.status).toBe('request_lacks')
  const { customer_id } = rows[0]!
  const byAddress = await fetch(
    `${server.url}/api/features/online?project=${project}&views=bother&customer_id=${customer_id}&asked_at=${now}`,
  )
  expect(await byAddress.json()).toMatchObject({ rows: [{ views: { bother: { status: 'computed' } } }] })
})

it('lets what was sent stand, and answers a repeated id as before though the features have changed', async () => {
  const asked = { customer_id: 'c0007', contract: 'yearly', asked_at: new Date().toISOString() }
  const [first] = (await predict(asked, { ids: ['first'] })).predictions
  const now = new Date().toISOString()
  const row = { customer_id: 'c0007', week_end: now, loaded_at: now, minutes_7d: 1, data_gb_7d: 0, plan: 'basic' }
  expect(await api.pushFeatures({ body: { project, view: 'usage', rows: [row] } })).toEqual({ kept: 1, older: 0 })
  expect((await predict(asked, { ids: ['first'] })).predictions).toEqual([first])
  const [second] = (await predict(asked, { ids: ['second'] })).predictions
  expect((await api.getPrediction({ params: { id: 'second' } })).inputs).toMatchObject({ minutes_7d: 1, plan: 'basic' })
  expect(second!.value).not.toBe(first!.value)
  await predict({ ...asked, minutes_7d: 250 }, { ids: ['third'] })
  expect((await api.getPrediction({ params: { id: 'third' } })).inputs).toMatchObject({
    minutes_7d: 250,
    plan: 'basic',
  })
})

it('answers for an entity that nothing is known of, and refuses one that is not named', async () => {
  const asked = { contract: 'monthly', asked_at: new Date().toISOString() }
  const [answer] = (await predict({ ...asked, customer_id: 'nobody' })).predictions
  const { inputs } = await api.getPrediction({ params: { id: answer!.id } })
  expect(inputs).toMatchObject({ minutes_7d: null, support_calls_60d: null })
  await expect(predict(asked)).rejects.toMatchObject({ code: 'ORRERY_FEATURES_ENTITY_MISSING' })
})
