import { execFileSync } from 'node:child_process'
import { mkdir, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lockedPython, type PythonEnvironment } from '../../src/pipelines/python.ts'
import { isInstalled } from './daemon.ts'

/** The example's lock file: the newest `mlflow` client and what a training program needs. */
const LOCK = fileURLToPath(new URL('../../examples/churn-python/requirements.lock', import.meta.url))

/** A whole MLflow server, the original to compare with, and libraries that training scripts use. */
const ORIGINAL_LOCK = fileURLToPath(new URL('original.lock', import.meta.url))

/** Whether there is a Python that the example's lock file is made for. */
export const HAS_PYTHON = (() => {
  try {
    const [, minor] = /^Python 3\.(\d+)/.exec(execFileSync('python3', ['--version'], { encoding: 'utf8' })) ?? []
    return Number(minor) >= 11
  } catch {
    return false
  }
})()

/** Whether there is `uv`, which chooses the packages of a logged model's environment. */
export const HAS_UV = isInstalled('uv')

/** The example's environment, made once per machine: the first test that asks waits for the downloads. */
export const examplePython = () => pythonOf(LOCK)

/** The original's, likewise. */
export const originalPython = () => pythonOf(ORIGINAL_LOCK)

/** The environment of a lock file, made once per machine. */
export async function pythonOf(lock: string): Promise<PythonEnvironment> {
  const folder = join(tmpdir(), 'orrery-test-python')
  await mkdir(folder, { recursive: true })
  const turn = join(folder, `${basename(dirname(lock))}-${basename(lock)}.making`)
  await takeTurn(turn)
  try {
    return await lockedPython(lock, { folder, signal: new AbortController().signal, onLine: () => {} })
  } finally {
    await rmdir(turn)
  }
}

/** Longer than it takes to make an environment: who held the turn so long is gone. */
const GONE_MS = 15 * 60_000

/** Test files run in processes of their own, and two of them must not make one environment at the same time. */
async function takeTurn(turn: string): Promise<void> {
  for (;;) {
    try {
      return await mkdir(turn)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const since = await stat(turn).catch(() => undefined)
      if (since && Date.now() - since.mtimeMs > GONE_MS) await rmdir(turn).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
