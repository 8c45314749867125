import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { HAS_PYTHON, HAS_UV, pythonOf } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* Code of a team's own behind `predict`: packaged, deployed and answering from a Python process, whatever that does. */

const SCRIPT = fileURLToPath(new URL('python_models.py', import.meta.url))
const LOCK = fileURLToPath(new URL('packaging.lock', import.meta.url))
const PATIENCE = 10 * 60_000
const run = promisify(execFile)

type Records = Record<string, string | number | boolean | null>[]

describe.skipIf(!HAS_PYTHON || !HAS_UV)('models that Python answers for (needs python3, 3.11 or later, and uv)', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  let made: Record<string, { records: Records; answers: (string | number)[] }>
  beforeAll(async () => {
    const python = await pythonOf(LOCK)
    folder = await mkdtemp(join(tmpdir(), 'orrery-python-models-'))
    server = await startServer({ home: join(folder, 'home'), env: { ORRERY_DEADLINE: '3' } })
    api = connect(server.url)
    const { stdout } = await run('python', [SCRIPT], {
      env: {
        ...process.env,
        ...python.env,
        MLFLOW_TRACKING_URI: server.url,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
      },
    })
    made = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const ask = (endpoint: string, records: Records) => api.predict({ params: { endpoint }, body: { records } })

  it.each(['premium', 'verdict'])(
    '%s is packaged, and answers as mlflow.pyfunc does',
    async (model) => {
      const { code, stdout } = await orrery(['package', `${model}@1`, '--json', '--server', server.url])
      expect({ code, ...JSON.parse(stdout) }).toMatchObject({
        code: 0,
        error: null,
        state: 'succeeded',
        outcome: { flavor: 'python_function', parity: { maxScaledDifference: expect.closeTo(0, 6) } },
      })
      const version = await api.getVersion({ params: { model, version: 1 } })
      expect(version).toMatchObject({ state: 'candidate', package: { format: 'python' } })
      await api.deployVersion({ params: { endpoint: model }, body: { model, version: 1, environment: 'staging' } })
      const { records, answers } = made[model]!
      const { predictions } = await ask(model, records)
      expect(predictions.map(({ label, value }) => label ?? value)).toEqual(answers)
    },
    PATIENCE,
  )

  it('enforces the signature before anything reaches Python', async () => {
    await expect(ask('verdict', [{ age: 40, active: null }])).rejects.toMatchObject({ status: 422 })
    await expect(ask('premium', [{ age: 'old', plan: 'pro' }])).rejects.toMatchObject({ status: 422 })
    // A text that is missing is missing there, too.
    expect((await ask('premium', [{ age: 20, plan: null }])).predictions[0]!.value).toBe(27)
  })

  it(
    'fails, hangs and crashes alone: the right status, a new process, and others answer meanwhile',
    async () => {
      const bad = (age: number) => ask('premium', [{ age, plan: 'pro' }]).catch((error: unknown) => error)
      expect(await bad(999)).toMatchObject({
        status: 500,
        code: 'ORRERY_RUNTIME_MODEL_FAILED',
        message: expect.stringContaining('no table for this age'),
      })
      const hanging = bad(997)
      expect((await ask('verdict', made.verdict!.records)).predictions).toHaveLength(4)
      expect(await hanging).toMatchObject({ status: 504, code: 'ORRERY_RUNTIME_MODEL_TIMED_OUT' })
      expect((await ask('premium', [{ age: 20, plan: 'pro' }])).predictions[0]!.value).toBe(120)
      expect(await bad(998)).toMatchObject({ status: 500, code: 'ORRERY_RUNTIME_MODEL_CRASHED' })
      expect((await ask('premium', [{ age: 20, plan: 'pro' }])).predictions[0]!.value).toBe(120)
      expect((await fetch(`${server.url}/ready`)).status).toBe(200)
    },
    PATIENCE,
  )
})
