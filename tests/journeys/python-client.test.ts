import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTables } from '../../examples/churn-features/make-tables.ts'
import { connect } from '../../src/cli/server.ts'
import { HAS_UV, pythonOf } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * The Python client, installed from its folder into an environment of its lock file, against a real server on which
 * the example churn-features is trained and served. What the client sees is asserted by its own tests, in Python.
 */

const CLIENT = fileURLToPath(new URL('../../clients/python', import.meta.url))
const PATIENCE = 15 * 60_000
const WAIT = { timeout: 120_000, interval: 100 }
const project = 'churn-features'
const run = promisify(execFile)

describe.skipIf(!HAS_UV)('the Python client (needs uv)', () => {
  let folder: string
  let server: RunningServer
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-python-client-'))
    const python = await pythonOf(join(CLIENT, 'tests', 'requirements.lock'))
    const installed = join(folder, 'site')
    env = { ...process.env, ...python.env, PYTHONPATH: installed, PYTHONDONTWRITEBYTECODE: '1' }
    const target = ['--no-deps', '--no-build-isolation', '--target', installed]
    await run('uv', ['pip', 'install', '--quiet', ...target, CLIENT], { env })
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** A test of Python's; its own words where it fails. */
  const python = (...args: string[]) =>
    run('python', args, { env, cwd: CLIENT, maxBuffer: 16 * 1024 * 1024 }).catch((error) => {
      throw new Error(`${error.stdout}${error.stderr}`)
    })

  it('has types that a strict checker agrees with, in itself and in its tests', async () => {
    const cache = ['--cache-dir', join(folder, 'mypy')]
    expect((await python('-m', 'mypy', ...cache, 'src')).stdout).toMatch(/^Success/)
    expect((await python('-m', 'mypy', ...cache, 'tests')).stdout).toMatch(/^Success/)
  }, 240_000)

  it('reads data, joins features, predicts and tells the truth', async () => {
    await makeTables(folder, { until: Date.now() })
    server = await startServer()
    const api = connect(server.url)
    const file = await readFile(new URL('../../examples/churn-features/orrery.yaml', import.meta.url), 'utf8')
    await api.applyProject({ body: { file, folder } })
    const { id } = await api.startPipeline({ params: { project }, body: {} })
    const pipeline = () => api.getPipelineRun({ params: { run: id } })
    await expect.poll(async () => (await pipeline()).finishedAt, WAIT).not.toBeNull()
    const serving = () => api.servingStatus({ params: { endpoint: 'leaving-soon' } })
    await expect.poll(async () => (await serving()).ready, WAIT).toBe(true)
    for (const view of ['usage', 'support']) {
      const found = () => api.getFeatureView({ params: { project, view } })
      await expect.poll(async () => (await found()).state?.materializedAt ?? null, WAIT).not.toBeNull()
    }
    env = { ...env, ORRERY_URL: server.url, ORRERY_PROJECT: project }
    const { stdout } = await python('-m', 'pytest', '-p', 'no:cacheprovider')
    expect(stdout).toMatch(/\b\d+ passed/)
    expect(stdout).not.toMatch(/skipped|failed/)
  }, 300_000)
})
