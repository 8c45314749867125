import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'

export interface Original {
  readonly url: string
  stop(): Promise<void>
}

/** Long: a cold start imports half of PyPI and migrates an empty database through forty steps. */
const PATIENCE_MS = 4 * 60_000

/** The original: one worker, SQLite and a folder for artifacts, all in a place of its own. */
export async function startOriginal(env: Record<string, string>): Promise<Original> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-original-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(
    'mlflow',
    [
      ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', 'sqlite:///original.db', '--artifacts-destination', join(folder, 'artifacts')],
    ],
    {
      cwd: folder,
      // A group of its own, because it starts processes that outlive it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env, MLFLOW_DISABLE_TELEMETRY: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
    },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said = (said + data).slice(-4_000)))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await ended
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const until = Date.now() + PATIENCE_MS
  while (!(await answers(`${url}/health`))) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`The original did not start:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return { url, stop }
}

const answers = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
