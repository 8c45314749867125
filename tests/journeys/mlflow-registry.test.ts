import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { writeHistory } from '../cli/history.ts'
import { EXAMPLES, orrery } from '../cli/orrery.ts'
import { examplePython, HAS_PYTHON } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * The model registry as the real `mlflow` client uses it, beside a model that a pipeline of ours made and an endpoint serves.
 * What the client sees is asserted in the script; here, that the same versions are Orrery's own.
 */

const SCRIPT = fileURLToPath(new URL('mlflow_registry.py', import.meta.url))
const PATIENCE = 15 * 60_000
const run = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('the registry through the mlflow client (needs python3, 3.11 or later)', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  let made: { first: string; second: string; logged: string; version: string }
  beforeAll(async () => {
    const python = await examplePython()
    folder = await mkdtemp(join(tmpdir(), 'orrery-registry-'))
    // The script listens on this machine to what it is told.
    server = await startServer({ env: { ORRERY_WEBHOOKS: 'any' } })
    api = connect(server.url)
    const file = await writeHistory(join(EXAMPLES, 'churn'), join(folder, 'project'))
    const where = ['--server', server.url]
    expect((await orrery(['apply', '--file', file, ...where])).code).toBe(0)
    expect((await orrery(['run', '--file', file, ...where])).code).toBe(0)
    expect((await orrery(['certify', 'churn-risk@1', '--note', 'seen', ...where])).code).toBe(0)
    await api.settled({ params: { project: 'churn' }, query: { timeout: 60 } })
    const { stdout } = await run('python', [SCRIPT], {
      env: {
        ...process.env,
        ...python.env,
        MLFLOW_TRACKING_URI: server.url,
        SERVED_MODEL: 'churn-risk',
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

  it('is the newest client, and runs a whole script', () => {
    expect(made.version).toMatch(/^3\./)
  })

  it('leaves versions that are Orrery’s own, numbered in one sequence with those of pipelines', async () => {
    const { versions } = await api.listVersions({ params: { model: 'churn-risk' } })
    expect(versions.map(({ version, state, stage }) => [version, state, stage])).toEqual([
      [2, 'registered', 'staging'],
      [1, 'production', 'production'],
    ])
    expect(await api.getVersion({ params: { model: 'churn-risk', version: 2 } })).toMatchObject({
      project: 'churn',
      run: made.second,
      loggedModel: made.logged,
      source: `models:/${made.logged}`,
      package: null,
      report: null,
      by: 'local',
      aliases: ['challenger'],
    })
    expect(await api.getModel({ params: { model: 'forest' } })).toMatchObject({
      project: null,
      description: 'Trees, as a model.',
      tags: { team: 'green' },
      aliases: { champion: 2 },
    })
  })

  it('neither serves nor certifies what no gate has seen', async () => {
    const params = { model: 'churn-risk', version: 2 }
    await expect(api.certifyVersion({ params, body: { note: '' } })).rejects.toMatchObject({
      code: 'ORRERY_REGISTRY_NOT_PACKAGED',
    })
    expect((await api.getEndpoint({ params: { endpoint: 'churn-risk' } })).champion).toBe(1)
  })

  it('knows which version was in production when', async () => {
    const { periods } = await api.productionHistory({ params: { model: 'forest' } })
    expect(periods.map(({ version, as, until }) => [version, as, until === null])).toEqual([
      [2, 'production', true],
      [1, 'production', false],
      [2, 'champion', true],
      [1, 'champion', false],
    ])
    const today = new Date().toISOString().slice(0, 10)
    const shown = await orrery(['history', 'churn-risk', '--at', today, '--server', server.url])
    expect(shown.stdout).toMatch(/v1 .*certified by local/)
    const before = await orrery(['history', 'churn-risk', '--at', '2026-03-03', '--server', server.url])
    expect(before).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('Nothing of churn-risk was in production'),
    })
  })
})
