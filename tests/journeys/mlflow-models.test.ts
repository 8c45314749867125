import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Packaging, PackagingWishes } from '#packaging/contract'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { HAS_PYTHON, HAS_UV, pythonOf } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * Models as teams have them, logged by the real client: from registered to packaged, certified and answering, with the same
 * answers as `mlflow.pyfunc` gives in Python. And those that must come to a clear end instead.
 */

const SCRIPT = fileURLToPath(new URL('packaging_models.py', import.meta.url))
const LOCK = fileURLToPath(new URL('packaging.lock', import.meta.url))
const PATIENCE = 10 * 60_000
const run = promisify(execFile)

type Cell = string | number | boolean | null
interface Logged {
  version: number
  records: Record<string, Cell>[]
  answers: (string | number)[]
  probabilities?: number[]
}

describe.skipIf(!HAS_PYTHON || !HAS_UV)('models logged by MLflow (needs python3, 3.11 or later, and uv)', () => {
  let folder: string
  let bomb: string
  let server: RunningServer
  let api: Server
  let made: Record<string, Logged>
  beforeAll(async () => {
    const python = await pythonOf(LOCK)
    folder = await mkdtemp(join(tmpdir(), 'orrery-models-'))
    bomb = join(folder, 'bomb')
    server = await startServer({ home: join(folder, 'home'), env: { SECRET_OF_THE_SERVER: 'do-not-tell' } })
    api = connect(server.url)
    const { stdout } = await run('python', [SCRIPT, bomb], {
      env: {
        ...process.env,
        ...python.env,
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
      },
      maxBuffer: 16 * 1024 * 1024,
    })
    made = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const paramsOf = (model: string) => ({ model, version: made[model]!.version })

  async function ended(model: string): Promise<Packaging> {
    let state: Packaging
    do {
      await new Promise((resolve) => setTimeout(resolve, 250))
      state = await api.getPackaging({ params: paramsOf(model) })
    } while (state.state === 'queued' || state.state === 'running')
    return state
  }
  async function packaged(model: string, body: PackagingWishes = {}): Promise<Packaging> {
    await api.packageVersion({ params: paramsOf(model), body })
    return ended(model)
  }

  const champion = async (endpoint: string) => (await api.getEndpoint({ params: { endpoint } })).champion

  /** Certified, deployed to production by hand, and asked what the client was asked. */
  async function answersOf(model: string) {
    const { version } = paramsOf(model)
    await api.certifyVersion({ params: paramsOf(model), body: { note: 'looked' } })
    await api.deployVersion({ params: { endpoint: model }, body: { model, version } })
    await expect.poll(() => champion(model), { timeout: 60_000 }).toBe(version)
    const { predictions } = await api.predict({ params: { endpoint: model }, body: { records: made[model]!.records } })
    return predictions
  }

  const SERVED = [
    ['a scikit-learn pipeline of columns, texts and truth values', 'pipeline', 'Pipeline'],
    ['a LightGBM classifier', 'trees', 'LGBMClassifier'],
    ['an XGBoost regressor without an example', 'value', 'XGBRegressor'],
    ['an ONNX model, as it is', 'graph', null],
    ['an ONNX model whose weights lie in a file of their own', 'weights', null],
  ] as const

  describe.each(SERVED)('%s', (_, model, estimator) => {
    it(
      'is packaged, with a parity that was checked',
      async () => {
        const { state, error, outcome } = await packaged(model)
        expect({ state, error }).toEqual({ state: 'succeeded', error: null })
        expect(outcome).toMatchObject({ estimator, judged: 'not judged: it belongs to no project' })
        if (estimator === null) expect(outcome!.parity).toBeNull()
        else {
          expect(outcome!.parity!.rows).toBeGreaterThanOrEqual(200)
          expect(outcome!.parity!.maxScaledDifference).toBeLessThan(1e-5)
        }
        const version = await api.getVersion({ params: paramsOf(model) })
        expect(version).toMatchObject({ state: 'candidate', project: null, endpoint: null, report: null })
      },
      PATIENCE,
    )

    it(
      'answers as mlflow.pyfunc does, and every answer has a past',
      async () => {
        const { answers, probabilities } = made[model]!
        const predictions = await answersOf(model)
        const labels = predictions.map(({ label, value }) => label ?? value)
        if (probabilities) {
          const texts = answers.map((answer) => (typeof answer === 'string' ? answer : answer ? 'true' : 'false'))
          expect(labels).toEqual(texts)
        }
        const expected = probabilities ?? (answers as number[])
        predictions.forEach(({ value }, i) => {
          expect(Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!))).toBeLessThan(1e-5)
        })
        const { versions, prediction } = await api.trace({ params: { prediction: predictions[0]!.id } })
        expect(prediction.endpoint).toBe(model)
        expect(versions).toMatchObject([
          { model, version: 1, certification: { by: 'local', note: 'looked' }, run: { params: {} }, pipelineRun: null },
        ])
      },
      PATIENCE,
    )
  })

  it('does not export what no single ONNX file holds, and says what to do', async () => {
    const reply = await fetch(`${server.url}/api/models/weights/versions/1/export?as=npm`)
    expect(reply.status).toBe(422)
    expect(((await reply.json()) as { error: unknown }).error).toMatchObject({
      code: 'ORRERY_EXPORTS_UNFIT',
      hint: expect.stringContaining('save_as_external_data=False'),
    })
  })

  it('says which values a model cannot do without', async () => {
    const { signature } = await api.getVersion({ params: paramsOf('pipeline') })
    expect(signature!.features.map(({ name, required = false }) => [name, required])).toEqual([
      ['age', true],
      ['income', false],
      ['plan', false],
      ['active', true],
    ])
    const [record] = made.pipeline!.records
    const ask = (change: Record<string, Cell>) =>
      api.predict({ params: { endpoint: 'pipeline' }, body: { records: [{ ...record!, ...change }] } })
    expect((await ask({ income: null, plan: null })).predictions).toHaveLength(1)
    await expect(ask({ active: null })).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_RECORD_INVALID', status: 422 })
  })

  it(
    'lets nothing reach production that nobody has signed',
    async () => {
      const { version } = paramsOf('graph')
      const body = { model: 'graph', version }
      // Its first version is certified by now, so a copy of it is not.
      const copy = await fetch(`${server.url}/api/2.0/mlflow/model-versions/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'graph', source: `models:/graph/${version}` }),
      })
      expect(copy.status).toBe(200)
      made.unsigned = { ...made.graph!, version: 2 }
      const params = { model: 'graph', version: 2 }
      await expect(
        api.deployVersion({ params: { endpoint: 'graph' }, body: { ...body, version: 2 } }),
      ).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_NOT_PACKAGED',
      })
      await api.packageVersion({ params, body: {} })
      await expect.poll(async () => (await api.getPackaging({ params })).state, { timeout: 60_000 }).toBe('succeeded')
      await api.deployVersion({ params: { endpoint: 'graph' }, body: { ...body, version: 2 } })
      const rollout = async () => (await api.listRollouts({ params: { endpoint: 'graph' } })).rollouts[0]!.state
      await expect.poll(rollout, { timeout: 60_000 }).toBe('awaiting_certification')
      expect(await champion('graph')).toBe(1)
      const trial = { endpoint: 'graph-trial' }
      const deployed = await api.deployVersion({ params: trial, body: { ...body, version: 2, environment: 'staging' } })
      expect(deployed).toMatchObject({ project: null, environment: 'staging', champion: 2 })
      const { predictions } = await api.predict({ params: trial, body: { records: made.graph!.records.slice(0, 1) } })
      expect(predictions).toMatchObject([{ version: 2, label: made.graph!.answers[0] }])
      expect((await api.getModel({ params: { model: 'graph' } })).aliases).toEqual({ champion: 1 })
    },
    PATIENCE,
  )

  it.each([
    ['requirements that lie', 'liar', 'ORRERY_PACKAGING_NOT_CONVERTIBLE', 'it needs the package "lightgbm"'],
    ['a broken ONNX file', 'broken', 'ORRERY_RUNTIME_MODEL_BROKEN', 'ONNX Runtime does not take the file'],
  ])(
    'tells why %s cannot be packaged',
    async (_, model, code, message) => {
      const { state, error, outcome } = await packaged(model)
      expect({ state, outcome, code: error?.code }).toEqual({ state: 'failed', outcome: null, code })
      expect(error!.message).toContain(message)
      const { code: exit, stdout } = await orrery(['package', `${model}@1`, '--json', '--server', server.url])
      expect(exit).not.toBe(0)
      expect(JSON.parse(stdout).error.code).toBe(code)
      expect((await api.getVersion({ params: paramsOf(model) })).state).toBe('registered')
    },
    PATIENCE,
  )

  it(
    'never runs what a hostile model brings in its own process, nor shows it what the server knows',
    async () => {
      expect(existsSync(bomb)).toBe(false)
      const { state } = await packaged('bomb')
      expect(state).toBe('failed')
      // It did run, where such code may: in the Python process of the conversion, without the server's variables.
      const [command, ...variables] = (await readFile(bomb, 'utf8')).split(/\n|\0(?=[A-Z]+=)/)
      expect(command).toMatch(/python.*convert\.py/)
      expect(variables.join('\n')).toContain('PATH=')
      expect(variables.join('\n')).not.toContain('SECRET_OF_THE_SERVER')
      expect((await fetch(`${server.url}/ready`)).status).toBe(200)
    },
    PATIENCE,
  )
})
