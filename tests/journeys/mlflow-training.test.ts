import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_PYTHON, originalPython } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * Scripts as teams have them, autolog and the command line of MLflow among them, unchanged but for the address. What the
 * client sees is asserted in the scripts; here, that their runs are Orrery's own.
 */

const SCRIPTS = fileURLToPath(new URL('mlflow_training.py', import.meta.url))
const PATIENCE = 15 * 60_000
const run = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('training scripts for MLflow (needs python3, 3.11 or later)', () => {
  let server: RunningServer
  let api: Server
  let done: string[]
  beforeAll(async () => {
    const python = await originalPython()
    server = await startServer()
    api = connect(server.url)
    const { stdout } = await run('python', [SCRIPTS], {
      env: {
        ...process.env,
        ...python.env,
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
        // Which packages a model needs is found out by loading it in a process of its own; not what is tested here.
        MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT: '1',
      },
      maxBuffer: 16 * 1024 * 1024,
    })
    done = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
  })

  it('run to their end', () => {
    expect(done).toEqual([
      ...['scikit_learn', 'light_gbm', 'xg_boost', 'keras_on_jax'],
      ...['evaluation', 'fluent', 'system_metrics', 'command_line'],
    ])
  })

  it('leave runs that are Orrery’s own', async () => {
    const { runs } = await api.listRuns({ query: { experiment: 'training scripts', parent: 'none' } })
    expect(runs.map(({ name }) => name).sort()).toEqual(
      ['Keras', 'LightGBM', 'XGBoost', 'evaluated', 'renamed', 'scikit-learn', 'system metrics'].sort(),
    )
    expect(runs.every(({ state }) => state === 'finished')).toBe(true)
    const { runs: nested } = await api.listRuns({
      query: { parent: runs.find(({ name }) => name === 'renamed')!.id },
    })
    expect(nested.map(({ name }) => name)).toEqual(['child'])
  })
})
