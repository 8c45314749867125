import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lockedPython, type PythonEnvironment } from '../../src/pipelines/python.ts'
import { freePort } from './free-port.ts'

const LOCK = fileURLToPath(new URL('original/requirements.lock', import.meta.url))
/** A cold start imports half of PyPI and takes an empty database through forty migrations. */
const PATIENCE_MS = 4 * 60_000

/** Python with the whole of MLflow, its server too; made once per machine. */
export async function originalPython(): Promise<PythonEnvironment> {
  const folder = join(tmpdir(), 'orrery-test-python')
  await mkdir(folder, { recursive: true })
  return lockedPython(LOCK, { folder, signal: new AbortController().signal, onLine: () => {} })
}

/** A real MLflow tracking server. */
export interface Original {
  readonly url: string
  /** Its database. */
  readonly database: string
  /** Where its artifacts lie. */
  readonly artifacts: string
  stop(): Promise<void>
}

/** Starts `mlflow server` with SQLite and a folder for artifacts, both in `folder`. */
export async function startOriginal(python: PythonEnvironment, folder: string): Promise<Original> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const [database, artifacts] = [join(folder, 'mlflow.db'), join(folder, 'artifacts')]
  const child = spawn(
    'mlflow',
    [
      ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${database}`, '--artifacts-destination', artifacts],
    ],
    {
      cwd: folder,
      // A group of its own: it starts processes that would outlive it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...python.env,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      },
    },
  )
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      words = (words + chunk).slice(-4_000)
    })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGTERM')
    await ended
  }
  const until = Date.now() + PATIENCE_MS
  while (!(await answers(`${url}/health`))) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`the original did not start: ${words}`)
    }
    await sleep(200)
  }
  return { url, database, artifacts, stop }
}

const answers = (url: string) =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
