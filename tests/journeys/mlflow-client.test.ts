import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { examplePython, HAS_PYTHON } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * The real `mlflow` client, unmodified, against a real server: one address is all that changes for a team's training
 * code. What the client sees is asserted in the script; here, that the same runs are Orrery's own.
 */

const SCRIPT = fileURLToPath(new URL('mlflow_client.py', import.meta.url))
const PATIENCE = 15 * 60_000
const run = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('the mlflow client (needs python3, 3.11 or later)', () => {
  let server: RunningServer
  let api: Server
  let made: { run: string; modelled: string; default: string; version: string }
  let highWater: { before: number; after: number }
  beforeAll(async () => {
    const python = await examplePython()
    server = await startServer()
    api = connect(server.url)
    const before = await residentMiB(server.pid)
    const { stdout } = await run('python', [SCRIPT], {
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
    highWater = { before, after: await residentMiB(server.pid) }
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
  })

  it('is the newest one, and runs a whole script', () => {
    expect(made.version).toMatch(/^3\./)
  })

  it('leaves runs that are Orrery’s own', async () => {
    const parent = await api.getRun({ params: { run: made.run } })
    expect(parent).toMatchObject({
      name: 'parent',
      experiment: 'training',
      project: null,
      state: 'finished',
      params: { depth: '6', rate: '0.1', kind: 'trees' },
      metrics: { loss: 1 / 50, auc: 0.8, diverged: null, endless: -Number.MAX_VALUE },
      tags: { note: 'second', team: 'green' },
    })
    expect(parent.artifacts.map(({ path }) => path)).toEqual([
      'a.txt',
      'all/a.txt',
      'all/deep/er/größe 1%.bin',
      'all/empty',
      'all/large.bin',
      'notes/answer.json',
    ])
    const { runs } = await api.listRuns({ query: { parent: made.run } })
    expect(runs.map((one) => one.name)).toEqual(['child'])
    const { points } = await api.metricHistory({ params: { run: made.run, metric: 'loss' } })
    expect(points).toHaveLength(50)
    expect(await api.getRun({ params: { run: made.default } })).toMatchObject({
      experiment: 'Default',
      experimentId: '0',
    })
  })

  it.skipIf(process.platform !== 'linux')('sends 256 MiB without the server holding them (needs /proc)', () => {
    // A busy server's heap grows by some tens of MiB of its own; a file held in memory would add all of it.
    expect(highWater.after - highWater.before).toBeLessThan(192)
  })
})

/** The most memory that a process has held so far; only Linux tells. */
async function residentMiB(pid: number): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024
}
