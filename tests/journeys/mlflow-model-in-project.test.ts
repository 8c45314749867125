import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { connect } from '../../src/cli/server.ts'
import { writeHistory } from '../cli/history.ts'
import { EXAMPLES, orrery } from '../cli/orrery.ts'
import { HAS_PYTHON, HAS_UV, pythonOf } from '../support/python.ts'
import { startServer } from '../support/server.ts'

const SCRIPT = fileURLToPath(new URL('packaging_project.py', import.meta.url))
const LOCK = fileURLToPath(new URL('packaging.lock', import.meta.url))
const PATIENCE = 10 * 60_000
const run = promisify(execFile)

/*
 * A model trained by hand beside a project: registered under the model that its endpoint serves, it packages itself by its tag,
 * although the server dies meanwhile, is judged as the project's own versions are, and sets out as they do.
 */
it.skipIf(!HAS_PYTHON || !HAS_UV)(
  'a model of a project is packaged over a kill -9, judged on its rows, and rolls out',
  async () => {
    const python = await pythonOf(LOCK)
    const folder = await mkdtemp(join(tmpdir(), 'orrery-model-in-project-'))
    const home = join(folder, 'home')
    let server = await startServer({ home })
    try {
      const file = await writeHistory(join(EXAMPLES, 'churn'), join(folder, 'project'))
      const where = ['--server', server.url]
      expect((await orrery(['apply', '--file', file, ...where])).code).toBe(0)
      expect((await orrery(['run', '--file', file, ...where])).code).toBe(0)
      expect((await orrery(['certify', 'churn-risk@1', '--note', 'seen', ...where])).code).toBe(0)
      const { stdout } = await run('python', [SCRIPT, join(dirname(file), 'customers.csv')], {
        env: { ...process.env, ...python.env, MLFLOW_TRACKING_URI: server.url, MLFLOW_DISABLE_TELEMETRY: 'true' },
        maxBuffer: 16 * 1024 * 1024,
      })
      expect(stdout.trim().split('\n').at(-1)).toBe('2')
      const params = { model: 'churn-risk', version: 2 }
      const before = connect(server.url)
      const job = async () => before.getPackaging({ params })
      await expect.poll(async () => (await job()).progress, { timeout: 120_000 }).toMatch(/environment of the model/)
      const { job: started } = await job()
      await server.kill()

      server = await startServer({ home })
      const api = connect(server.url)
      const state = async () => (await api.getPackaging({ params })).state
      await expect.poll(state, { timeout: PATIENCE, interval: 500 }).not.toMatch(/queued|running/)
      const packaging = await api.getPackaging({ params })
      expect(packaging).toMatchObject({ state: 'succeeded', error: null, job: started, outcome: { flavor: 'sklearn' } })
      expect(packaging.outcome!.judged).toMatch(/^judged on \d+ rows of churn$/)

      const version = await api.getVersion({ params })
      // The champion has learned from every row there is: nothing is left to compare the two on.
      expect(version).toMatchObject({ project: 'churn', endpoint: 'churn-risk', comparison: null })
      expect(version.gates).toHaveLength(4)
      expect(version.report!.metrics.roc_auc!.value).toBeGreaterThan(0.6)
      expect(version.report!.warnings.join(' ')).toContain('trained outside of this project')
      expect(version.environment).toMatchObject({
        'scikit-learn': expect.stringMatching(/^\d/),
        skl2onnx: expect.anything(),
      })
      await api.settled({ params: { project: 'churn' }, query: { timeout: 60 } })
      const { rollouts } = await api.listRollouts({ params: { endpoint: 'churn-risk' } })
      const passed = version.gates.every((gate) => gate.passed)
      expect(version.state).toBe(passed ? 'candidate' : 'rejected')
      expect(rollouts.map((rollout) => [rollout.version, rollout.state])).toEqual([
        ...(passed ? [[2, 'awaiting_certification']] : []),
        [1, 'promoted'],
      ])
      const packed = await orrery(['package', 'churn-risk@3', '--python', '--json', '--server', server.url], {
        endAfterMs: PATIENCE,
      })
      expect(packed.code, packed.stdout + packed.stderr).toBe(0)
      expect(JSON.parse(packed.stdout)).toMatchObject({
        outcome: { flavor: 'python_function', judged: expect.stringMatching(/^judged on \d+ rows of churn$/) },
      })
      const inPython = await api.getVersion({ params: { ...params, version: 3 } })
      expect(inPython).toMatchObject({ package: { format: 'python' }, endpoint: 'churn-risk' })
      // It is the same model: Python's labels are right as often as those of its conversion.
      expect(inPython.report!.metrics.accuracy!.value).toBeCloseTo(version.report!.metrics.accuracy!.value, 4)
      expect(inPython.gates.map(({ condition }) => condition)).toEqual(version.gates.map(({ condition }) => condition))

      await expect(
        api.deployVersion({ params: { endpoint: 'churn-risk' }, body: { ...params } }),
      ).rejects.toMatchObject({ code: 'ORRERY_DEPLOYMENTS_ENDPOINT_OF_PROJECT', status: 409 })
    } finally {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  },
  PATIENCE,
)
