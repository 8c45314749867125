import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PipelineRun } from '#pipelines/contract'
import type { Run } from '#tracking/contract'
import { telecomWorld, writeCsv } from '#worlds'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_PYTHON } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * A Python program of a team's own trains, in its locked environment: it reads the rows it is given, logs with an
 * unmodified mlflow client, and leaves an ONNX file. Everything after that is Orrery's: judge, register, serve.
 */

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const TELCO = fileURLToPath(new URL('../../../shared/data/telco-churn/Telco-Customer-Churn.csv', import.meta.url))
const PATIENCE = 15 * 60_000

/** The example on the real table where it is at hand, and on simulated customers where it is not. */
async function projectIn(folder: string): Promise<string> {
  await cp(join(EXAMPLES, 'churn-python'), folder, { recursive: true })
  const file = await readFile(join(folder, 'orrery.yaml'), 'utf8')
  if (existsSync(TELCO)) {
    await copyFile(TELCO, join(folder, 'customers.csv'))
    return file.replace(/source: .*\n +sha256: .*/, 'source: customers.csv')
  }
  const world = telecomWorld({ seed: 7 })
  const past = world.rows.slice(0, world.history)
  await writeFile(join(folder, 'customers.csv'), [...writeCsv(world.columns, past)].join(''))
  const DATA = /^data:[\s\S]*?(?=^pipeline:)/m
  const simulated = DATA.exec(await readFile(join(EXAMPLES, 'churn', 'orrery.yaml'), 'utf8'))![0]
  return file.replace(DATA, () => simulated)
}

describe.skipIf(!HAS_PYTHON)('a training step in Python (needs python3, 3.11 or later)', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  let pipeline: PipelineRun
  let runs: Run[]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-python-step-'))
    const file = await projectIn(join(folder, 'project'))
    server = await startServer({ home: join(folder, 'home') })
    api = connect(server.url)
    await api.applyProject({ body: { file, folder: join(folder, 'project') } })
    const { id } = await api.startPipeline({ params: { project: 'churn-python' }, body: {} })
    pipeline = await vi.waitFor(
      async () => {
        const run = await api.getPipelineRun({ params: { run: id } })
        if (run.finishedAt === null) throw new Error(`the run is ${run.state}: ${run.progress?.message}`)
        return run
      },
      { timeout: PATIENCE, interval: 500 },
    )
    runs = (await api.listRuns({ query: { project: 'churn-python', limit: 500 } })).runs
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const named = (name: string) => runs.find((run) => run.name === name)!
  const version = () => api.getVersion({ params: { model: 'churn-score', version: 1 } })

  it('runs to its end, step by step', () => {
    expect(pipeline.error).toBeNull()
    expect(pipeline.steps.map(({ name, state }) => [name, state])).toEqual([
      ['data', 'succeeded'],
      ['train', 'succeeded'],
      ['evaluate', 'succeeded'],
      ['package', 'succeeded'],
    ])
    expect(pipeline.steps[1]!.summary).toMatch(/^C=[\d.]+, the best of 3$/)
  })

  it('nests what the mlflow client logged in the run of the pipeline', () => {
    const top = runs.find((run) => run.id === pipeline.parentRun)!
    expect(top).toMatchObject({ parent: null, state: 'finished', params: { learner: 'python train.py' } })
    expect(named('logistic regression')).toMatchObject({
      parent: top.id,
      experiment: 'churn-python',
      project: 'churn-python',
      state: 'finished',
      tags: { 'orrery.step': 'train', 'mlflow.source.name': 'train.py' },
    })
    const tried = runs.filter((run) => run.parent === named('logistic regression').id)
    expect(tried.map((run) => run.name).sort()).toEqual(['C=0.01', 'C=0.1', 'C=1.0'])
    expect(runs).toHaveLength(5)
  })

  it('shows its params, metrics, histories and files like those of any run', async () => {
    const { id, params, metrics } = named('logistic regression')
    const best = runs.find((run) => run.name === `C=${params.C}`)!
    expect(best.metrics['validation.roc_auc']).toBeGreaterThan(0.7)
    expect(metrics['onnx.max_abs_difference']).toBeLessThan(1e-5)
    const { points } = await api.metricHistory({ params: { run: id, metric: 'validation.roc_auc' } })
    expect(points.map((point) => point.step)).toEqual([0, 1, 2])
    expect(Math.max(...points.map((point) => point.value!))).toBe(best.metrics['validation.roc_auc'])
    const { artifacts } = await api.getRun({ params: { run: id } })
    expect(artifacts.map((artifact) => artifact.path)).toEqual(['examples.json'])
  })

  it('never shows it a test row', async () => {
    const { split } = await api.getDataVersion({ params: { version: pipeline.dataVersion! } })
    expect(named('logistic regression').params.rows).toBe(String(split!.rows.train))
    expect((await version()).report?.n).toBe(split!.rows.test)
  })

  it('keeps what made the model: the lock of its packages, the Python, the code', async () => {
    const lock = await readFile(join(folder, 'project', 'requirements.lock'))
    const { environment, code, gates } = await version()
    expect(environment).toMatchObject({
      lock: `sha256:${createHash('sha256').update(lock).digest('hex')}`,
      python: expect.stringMatching(/^3\.\d+\.\d+$/),
      trainer: 'python train.py',
    })
    expect(code?.contentHash).toMatch(/^sha256:/)
    expect(gates.every((gate) => gate.passed)).toBe(true)
  })

  it(
    'answers as the program’s own model did before it became ONNX',
    async () => {
      const { id, experimentId } = named('logistic regression')
      const place = `${experimentId}/${id}/artifacts/examples.json`
      const response = await fetch(`${server.url}/api/2.0/mlflow-artifacts/artifacts/${place}`)
      const { examples } = (await response.json()) as {
        examples: { record: Record<string, string | number | null>; answer: number }[]
      }
      expect(examples).toHaveLength(50)
      const params = { endpoint: 'churn-score' }
      const rollout = async () => (await api.listRollouts({ params, query: {} })).rollouts[0]?.state
      await expect.poll(rollout, { timeout: PATIENCE }).toBe('awaiting_certification')
      await api.certifyVersion({ params: { model: 'churn-score', version: 1 }, body: {} })
      await expect.poll(rollout, { timeout: PATIENCE }).toBe('promoted')
      // The simulated customers have a time, which is no feature; the real ones have none.
      const time = existsSync(TELCO) ? {} : { event_time: new Date().toISOString() }
      const records = examples.map((example) => ({ ...example.record, ...time }))
      const { predictions } = await api.predict({ params, body: { records } })
      predictions.forEach(({ value }, i) => {
        expect(Math.abs(value - examples[i]!.answer)).toBeLessThan(1e-5)
      })
    },
    PATIENCE,
  )
})
