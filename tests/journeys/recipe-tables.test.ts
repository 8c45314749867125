import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DataLineage } from '#data/contract'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* Other tables that a recipe reads, over a real server: an upload, a file with a recipe of its own, and one that it reads in turn. */

const project = 'calls'
const PROJECT = `
project: ${project}
data:
  customers:
    source: customers.csv
    label: left
    id: id
    prepare:
      - join: { with: plans, on: plan }
      - sql: SELECT customers.*, cities.people FROM customers LEFT JOIN cities USING (city)
  plans: { source: "upload://" }
  cities:
    source: cities.csv
    prepare: [{ join: { with: countries, on: country } }]
  countries: { source: countries.csv }
pipeline: { train: { with: { data: customers }, search: { trials: 2, learners: [logistic] } } }
gates: []
deploy: { leaving: {} }
`

let folder: string
let server: RunningServer
let api: Server

const names = ({ versions }: DataLineage) => versions.map(({ dataset, number }) => `${dataset}@${number}`).sort()

async function uploadPlans(price: number): Promise<void> {
  const file = join(folder, 'plans.csv')
  await writeFile(file, `plan,price\nbasic,${price}\ngold,40\n`)
  const sent = await orrery(['data', 'upload', 'plans', file, '--server', server.url], { cwd: folder })
  expect(sent.code, sent.stdout + sent.stderr).toBe(0)
}

async function run(): Promise<string> {
  const { id } = await api.startPipeline({ params: { project }, body: {} })
  const state = async () => (await api.getPipelineRun({ params: { run: id } })).state
  await expect.poll(state, { timeout: 60_000, interval: 100 }).toMatch(/succeeded|failed/)
  const { dataVersion, error } = await api.getPipelineRun({ params: { run: id } })
  expect(error).toBeNull()
  return dataVersion!
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-recipe-tables-'))
  const rows = Array.from({ length: 300 }, (_, i) => {
    const city = ['Ulm', 'Bonn', 'Graz'][i % 3]
    return `c${i},${['basic', 'gold'][i % 2]},${city},${(i * 37) % 50},${(i * 37) % 50 > 30 ? 'yes' : 'no'}`
  })
  await writeFile(join(folder, 'customers.csv'), `id,plan,city,calls,left\n${rows.join('\n')}\n`)
  await writeFile(join(folder, 'cities.csv'), 'city,country,people\nUlm,de,126\nBonn,de,331\nGraz,at,291\n')
  await writeFile(join(folder, 'countries.csv'), 'country,vat\nde,19\nat,20\n')
  await writeFile(join(folder, 'orrery.yaml'), PROJECT)
  server = await startServer()
  api = connect(server.url)
  await api.applyProject({ body: { file: PROJECT, folder } })
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('other tables that a recipe reads', { timeout: 120_000 }, () => {
  it('that cannot be read say which one it is, in a run and while the recipe is written', async () => {
    const { id } = await api.startPipeline({ params: { project }, body: {} })
    const ended = async () => (await api.getPipelineRun({ params: { run: id } })).error
    await expect.poll(ended, { timeout: 30_000 }).not.toBeNull()
    expect(await ended()).toMatchObject({
      code: 'ORRERY_DATA_JOINED_TABLE_UNREADABLE',
      message: 'The recipe of customers reads plans, which cannot be read: upload:// holds no table of plans yet.',
    })
    const { recipe } = await api.getRecipe({ params: { project, dataset: 'customers' } })
    const tried = api.previewRecipe({ params: { project, dataset: 'customers' }, body: { recipe } })
    await expect(tried).rejects.toMatchObject({ code: 'ORRERY_DATA_JOINED_TABLE_UNREADABLE', status: 422 })
  })

  it('are there while the recipe is written, whatever place they come from', async () => {
    await uploadPlans(10)
    const { recipe } = await api.getRecipe({ params: { project, dataset: 'customers' } })
    const tried = await api.previewRecipe({ params: { project, dataset: 'customers' }, body: { recipe } })
    expect(tried.problem).toBeNull()
    expect(tried.read.map(({ dataset }) => dataset)).toEqual(['customers', 'plans', 'cities'])
    expect(tried.after.columns).toEqual(expect.arrayContaining(['price', 'people']))
    const circular = 'SELECT cities.* FROM cities JOIN customers USING (city)'
    const circle = api.previewRecipe({
      params: { project, dataset: 'countries' },
      body: { recipe: `- sql: ${circular}` },
    })
    await expect(circle).rejects.toMatchObject({
      code: 'ORRERY_DATA_RECIPE_CIRCULAR',
      details: { circle: ['countries', 'customers', 'cities', 'countries'] },
    })
  })

  it('are versions, recorded with what was made of them; the same tables give the same version', async () => {
    const first = await run()
    const lineage = await api.traceDataVersion({ params: { version: first } })
    expect(names(lineage)).toEqual(['cities@1', 'countries@1', 'customers@1', 'plans@1'])
    expect(lineage.steps.map(({ by }) => by)).toEqual(['recipe', 'recipe', 'recipe'])
    expect(await run()).toBe(first)
  })

  it('give a next version when they change, which names the new one; the one before still names the old', async () => {
    const before = await api.findDataVersion({ params: { project, dataset: 'customers', number: 'latest' } })
    await uploadPlans(15)
    await writeFile(join(folder, 'countries.csv'), 'country,vat\nde,19\nat,21\n')
    const after = await run()
    const found = names(await api.traceDataVersion({ params: { version: after } }))
    expect(found).toEqual(['cities@2', 'countries@2', 'customers@2', 'plans@2'])
    expect(names(await api.traceDataVersion({ params: { version: before.id } }))).toContain('plans@1')
    const told = await orrery(['data', 'lineage', 'customers@latest', '--server', server.url], { cwd: folder })
    expect(told.code, told.stderr).toBe(0)
    const lines = told.stdout.trim().split('\n')
    expect(lines).toHaveLength(4)
    expect(lines.map((line) => line.replace(/ \S+ {2}.*/, ''))).toEqual([
      'customers@2',
      '  ├ its recipe reads plans@2',
      '  └ its recipe reads cities@2',
      '    └ its recipe reads countries@2',
    ])
  })
})
