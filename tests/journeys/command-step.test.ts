import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PipelineRun } from '#pipelines/contract'
import { connect, type Server } from '../../src/cli/server.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* What can go wrong with a command of a user's own, and what it is given. No Python: a step may be any program. */

const ROWS = 400

const PROJECT = `
project: stepwise
data:
  readings: { source: readings.csv, label: on, split: { by: stratified } }
pipeline:
  train:
    run: node train.mjs
    limits: { time: 20s, model: 1KiB }
deploy:
  switch: {}
`

let folder: string
let server: RunningServer
let api: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-command-'))
  const rows = Array.from({ length: ROWS }, (_, i) => `${(i * 37) % 100},${(i * 37) % 100 > 50 ? 1 : 0}`)
  await writeFile(join(folder, 'readings.csv'), `warm,on\n${rows.join('\n')}\n`)
  server = await startServer()
  api = connect(server.url)
  await api.applyProject({ body: { file: PROJECT, folder } })
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Runs the pipeline with this training program. */
async function train(program: string): Promise<PipelineRun> {
  await writeFile(join(folder, 'train.mjs'), program)
  const { id } = await api.startPipeline({ params: { project: 'stepwise' }, body: {} })
  const run = () => api.getPipelineRun({ params: { run: id } })
  await expect.poll(async () => (await run()).finishedAt, { timeout: 60_000, interval: 100 }).not.toBeNull()
  return run()
}

const START_RUN = `
const call = async (path, body) => (await fetch(process.env.MLFLOW_TRACKING_URI + '/api/2.0/mlflow/' + path, {
  method: body ? 'POST' : 'GET',
  headers: { 'content-type': 'application/json', authorization: 'Bearer ' + process.env.MLFLOW_TRACKING_TOKEN },
  ...(body && { body: JSON.stringify(body) }),
})).json()
const context = Object.entries(JSON.parse(process.env.MLFLOW_RUN_CONTEXT)).map(([key, value]) => ({ key, value }))
const { experiment } = await call('experiments/get-by-name?experiment_name=' + process.env.MLFLOW_EXPERIMENT_NAME)
await call('runs/create', { experiment_id: experiment.experiment_id, run_name: 'inside', tags: context })
`

it('tells a failing command’s last words, and leaves no run of it open', async () => {
  const run = await train(`${START_RUN}; console.error('the oven is cold'); process.exit(3)`)
  expect(run.state).toBe('failed')
  expect(run.error).toMatchObject({ message: expect.stringMatching(/exit code 3.*the oven is cold/s) })
  const { runs } = await api.listRuns({ query: { project: 'stepwise' } })
  expect(runs.find((one) => one.name === 'inside')).toMatchObject({ parent: run.parentRun, state: 'killed' })
  expect(runs.find((one) => one.id === run.parentRun)).toMatchObject({ state: 'failed' })
})

it('does not take the model of an earlier run for this one’s', async () => {
  await writeFile(join(folder, 'model.onnx'), 'left by somebody')
  const run = await train('')
  expect(run.error).toMatchObject({ code: 'ORRERY_PIPELINES_NO_MODEL' })
})

it('refuses a model that is too large, and one that is none', async () => {
  const leave = (what: string) =>
    `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.ORRERY_MODEL, ${what})`
  const large = await train(leave('Buffer.alloc(1025)'))
  expect(large.error).toMatchObject({
    code: 'ORRERY_PIPELINES_MODEL_TOO_LARGE',
    message: expect.stringContaining('1025 bytes; the step allows 1024'),
  })
  const none = await train(leave("'no model at all'"))
  expect(none.error).toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_BROKEN' })
})

it('gives the command its rows, what is wanted of the model, and an identity that ends with it', async () => {
  await train(`
    import { statSync, writeFileSync, readFileSync } from 'node:fs'
    const { env } = process
    const me = await (await fetch(env.ORRERY_URL + '/api/me', { headers: { authorization: 'Bearer ' + env.ORRERY_TOKEN } })).json()
    const magic = (path) => readFileSync(path).subarray(0, 4).toString()
    writeFileSync('seen.json', JSON.stringify({
      me, secret: env.ORRERY_TOKEN, run: env.ORRERY_RUN, version: env.ORRERY_DATA_VERSION,
      parquet: [env.ORRERY_DATA, env.ORRERY_DATA_TRAIN, env.ORRERY_DATA_VALIDATION].map(magic),
      signature: JSON.parse(readFileSync(env.ORRERY_SIGNATURE, 'utf8')),
    }))
    process.exit(1)
  `)
  const seen = JSON.parse(await readFile(join(folder, 'seen.json'), 'utf8'))
  expect(seen).toMatchObject({
    me: { name: 'pipeline-stepwise', roles: ['engineer'] },
    parquet: ['PAR1', 'PAR1', 'PAR1'],
    signature: { task: 'binary', label: 'on', classes: ['0', '1'], features: [{ name: 'warm', kind: 'numeric' }] },
  })
  const { runs } = await api.listPipelineRuns({ params: { project: 'stepwise' }, query: {} })
  expect(seen).toMatchObject({ run: runs[0]!.parentRun, version: runs[0]!.dataVersion })
  const response = await fetch(`${server.url}/api/me`, { headers: { authorization: `Bearer ${seen.secret}` } })
  expect(response.status).toBe(401)
})

it('says what is wrong with a lock file that cannot be installed', async () => {
  const file = PROJECT.replace('    limits', '    environment: { python: requirements.lock }\n    limits')
  await api.applyProject({ body: { file, folder } })
  const missing = await train('')
  expect(missing.error).toMatchObject({
    code: 'ORRERY_PIPELINES_ENVIRONMENT_NOT_MADE',
    message: expect.stringContaining('requirements.lock: it cannot be read (ENOENT)'),
  })
})

it('runs an entry point of an MLproject in its folder', async () => {
  const file = PROJECT.replace(
    'run: node train.mjs',
    'run: { mlproject: training, entry_point: fit, parameters: { alpha: 0.25 } }',
  )
  await api.applyProject({ body: { file, folder } })
  await mkdir(join(folder, 'training'), { recursive: true })
  await writeFile(
    join(folder, 'training', 'MLproject'),
    'entry_points: { fit: { parameters: { alpha: float, note: { default: "two words" } }, command: "node fit.mjs {alpha} {note}" } }',
  )
  await writeFile(
    join(folder, 'training', 'fit.mjs'),
    'console.error(JSON.stringify([process.argv.slice(2), process.cwd()])); process.exit(4)',
  )
  const run = await train('')
  expect(run.error).toMatchObject({ message: expect.stringMatching(/exit code 4.*\["0\.25","two words"\].*training/s) })

  const unknown = file.replace('fit', 'test')
  await api.applyProject({ body: { file: unknown, folder } })
  expect((await train('')).error).toMatchObject({ code: 'ORRERY_PIPELINES_MLPROJECT_INVALID' })
})
