import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lockedPython, type PythonEnvironment } from '../../src/pipelines/python.ts'

/** The example's lock file: the newest `mlflow` client and what a training program needs. */
const LOCK = fileURLToPath(new URL('../../examples/churn-python/requirements.lock', import.meta.url))

/** Whether there is a Python that the example's lock file is made for. */
export const HAS_PYTHON = (() => {
  try {
    const [, minor] = /^Python 3\.(\d+)/.exec(execFileSync('python3', ['--version'], { encoding: 'utf8' })) ?? []
    return Number(minor) >= 11
  } catch {
    return false
  }
})()

/** The example's environment, made once per machine: the first test that asks waits for the downloads. */
export const examplePython = () => pythonOf(LOCK)

/** The environment of a lock file, made once per machine. */
export async function pythonOf(lock: string): Promise<PythonEnvironment> {
  const folder = join(tmpdir(), 'orrery-test-python')
  await mkdir(folder, { recursive: true })
  return lockedPython(lock, { folder, signal: new AbortController().signal, onLine: () => {} })
}
