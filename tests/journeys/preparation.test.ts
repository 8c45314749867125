import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* A recipe from the project file to the answer, over a real server: raw records in, prepared inside the package. */

const PROJECT = `
project: phones
data:
  customers:
    source: customers.csv
    label: left
    time: seen
    label_arrives_after: 1s
    prepare:
      - clean: { columns: [plan], missing: ["?"], replace: { Gold: gold } }
      - derive:
          per_month: charged / max(months, 1)
          is_long: months >= 24 && plan != "basic"
      - clip: { columns: [charged, per_month], from: 1%, to: 95% }
      - impute: { columns: [age], with: median, flag: true }
      - group_rare: { columns: [city], below: 5% }
      - encode: { columns: [plan], as: one_hot }
      - scale: { columns: [charged, age] }
pipeline:
  train: { search: { trials: 2, half_life: [all] } }
gates: []
deploy:
  leaving: {}
`
const WAIT = { timeout: 120_000, interval: 100 }

let folder: string
let server: RunningServer
let api: Server

/** Repeatable noise in [0, 1). */
const noise = (i: number, salt: number) => Math.abs((Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1)

function customers(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const months = Math.floor(60 * noise(i, 1))
    const charged = (months + 1) * (20 + 60 * noise(i, 2)) * (i % 97 === 0 ? 100 : 1)
    const age = i % 9 === 0 ? '' : Math.round(18 + 60 * noise(i, 3))
    const plan = ['gold', 'Gold', 'basic', '?', 'plus'][Math.floor(5 * noise(i, 4))]
    const city = noise(i, 5) < 0.9 ? ['Ulm', 'Bonn', 'Jena'][i % 3] : `village ${i % 40}`
    const left = noise(i, 6) < (charged / (months + 1) > 50 ? 0.75 : 0.2) ? 'yes' : 'no'
    return [new Date(1.7e12 + i * 3_600_000).toISOString(), months, charged.toFixed(2), age, plan, city, left].join()
  })
  return `seen,months,charged,age,plan,city,left\n${lines.join('\n')}\n`
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-preparation-'))
  await writeFile(join(folder, 'customers.csv'), customers(1_500))
  server = await startServer()
  api = connect(server.url)
  await api.applyProject({ body: { file: PROJECT, folder } })
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

const RECORD = { months: 12, charged: 500, age: 40, plan: 'gold', city: 'Ulm', seen: '2024-03-01T00:00:00Z' }
const predict = async (...records: Record<string, string | number | null>[]) => {
  const { predictions } = await api.predict({ params: { endpoint: 'leaving' }, body: { records } })
  return predictions.map((one) => one.value)
}

async function train(): Promise<string> {
  const { id } = await api.startPipeline({ params: { project: 'phones' }, body: {} })
  const run = () => api.getPipelineRun({ params: { run: id } })
  await expect.poll(async () => (await run()).finishedAt, WAIT).not.toBeNull()
  expect((await run()).error).toBeNull()
  return id
}

it('is fitted on the training rows, packaged, and agrees with DuckDB on every test row', async () => {
  const run = await train()
  await expect.poll(async () => (await api.servingStatus({ params: { endpoint: 'leaving' } })).ready, WAIT).toBe(true)
  const version = await api.getVersion({ params: { model: 'leaving', version: 1 } })
  // Raw columns and no others: what a client has.
  expect(version.signature!.features.map((one) => one.name).toSorted()).toEqual([
    'age',
    'charged',
    'city',
    'months',
    'plan',
  ])
  expect(version.package!.parity.rows).toBe(150)
  expect(version.package!.parity.maxAbsDifference).toBeLessThan(1e-6)
  const { preparation } = await api.getPreparation({ params: { run } })
  expect(preparation!.recipe).toMatch(/^sha256:/)
  expect(preparation!.columns.toSorted()).toEqual(
    [
      'months',
      'charged',
      'age',
      'plan=plus',
      'plan=basic',
      'plan=gold',
      'city',
      'per_month',
      'is_long',
      'age_missing',
    ].toSorted(),
  )
  const learned = (what: string, column: string) =>
    preparation!.fitted.find((one) => one.what === what && one.column === column)!.learned
  expect(learned('group_rare', 'city')).toMatchObject({
    kept: expect.stringContaining('Ulm'),
    grouped: expect.any(Number),
  })
  expect(learned('clip', 'charged').to).toBeGreaterThan(1_000)
  expect(learned('impute', 'age').median).toBeGreaterThan(40)
}, 240_000)

it('answers raw records as it would those that were prepared by hand', async () => {
  const run = (await api.listPipelineRuns({ params: { project: 'phones' }, query: { limit: 1 } })).runs[0]!.id
  const { preparation } = await api.getPreparation({ params: { run } })
  const top = preparation!.fitted.find((one) => one.what === 'clip' && one.column === 'charged')!.learned.to as number
  const [plain, capital, missing, question] = await predict(
    RECORD,
    { ...RECORD, plan: 'Gold' },
    { ...RECORD, plan: null },
    { ...RECORD, plan: '?' },
  )
  expect(capital).toBe(plain)
  expect(question).toBe(missing)
  // A place nobody has heard of is a rare one; so is one that few training rows have.
  const [unheard, rare, bonn] = await predict(
    { ...RECORD, city: 'Atlantis' },
    { ...RECORD, city: 'village 7' },
    { ...RECORD, city: 'Bonn' },
  )
  expect(unheard).toBe(rare)
  expect(bonn).toBeTypeOf('number')
  // Beyond the 95th percentile everything is the same, where the month's share is clipped too.
  const long = { ...RECORD, months: 1 }
  const [far, further] = await predict({ ...long, charged: top * 2 }, { ...long, charged: top * 50 })
  expect(far).toBe(further)
  expect(far).not.toBe(plain)
})

it('what was served is logged raw, and a later run learns from it', async () => {
  const body = {
    records: Array.from({ length: 40 }, (_, i) => ({
      ...RECORD,
      months: i,
      plan: i % 2 ? 'Gold' : '?',
      seen: `2024-04-01T00:00:${String(i).padStart(2, '0')}Z`,
    })),
    ids: Array.from({ length: 40 }, (_, i) => `p${i}`),
  }
  await api.predict({ params: { endpoint: 'leaving' }, body })
  expect((await api.getPrediction({ params: { id: 'p1' } })).inputs).toMatchObject({ plan: 'Gold', months: 1 })
  const labels = Array.from({ length: 40 }, (_, i) => ({ id: `p${i}`, label: i % 3 ? 'no' : 'yes' }))
  await api.feedback({ body: { labels } })
  await train()
  const { versions } = await api.listDataVersions({ params: { project: 'phones', dataset: 'customers' } })
  expect(versions[0]).toMatchObject({ rows: 1_540, number: 2 })
  const version = await api.getVersion({ params: { model: 'leaving', version: 2 } })
  expect(version.package!.parity.maxAbsDifference).toBeLessThan(1e-6)
}, 240_000)
