import { createHash } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { describeError } from '#platform/errors'
import { runCommand } from '#platform/process'
import { EnvironmentNotMade } from './errors.ts'

const MINUTES = 60_000

/** A Python environment that is ready to be used. */
export interface PythonEnvironment {
  /** The variables that put it in front. */
  env: Record<string, string>
  /** What is told of it to whoever asks how a model was made. */
  record: { python: string; lock: string }
}

/**
 * An environment with exactly the packages of a lock file, made once per content of that file: with `uv` where it is
 * installed (seconds), with `venv` and `pip` otherwise.
 *
 * @param options.folder where environments are kept
 * @param options.python the Python it is for, such as 3.11; the machine's own when absent, and without `uv`
 * @throws EnvironmentNotMade
 */
export async function lockedPython(
  lockFile: string,
  options: { folder: string; signal: AbortSignal; onLine: (line: string) => void; python?: string },
): Promise<PythonEnvironment> {
  const lock = await readFile(lockFile).catch((error) => {
    throw new EnvironmentNotMade(lockFile, `it cannot be read (${error.code})`)
  })
  const hash = createHash('sha256').update(lock).digest('hex')
  const { python } = options
  const place = join(options.folder, python ? `${hash.slice(0, 16)}-${python}` : hash.slice(0, 16))
  const ready = join(place, 'ready')
  const run = (command: string) =>
    runCommand(command, {
      folder: options.folder,
      env: { PLACE: place, LOCK: lockFile, ...(python && { UV_PYTHON: python }) },
      timeoutMs: 20 * MINUTES,
      signal: options.signal,
      onLine: options.onLine,
    })
  if (!(await exists(ready))) {
    // What an attempt that was cut off left is no environment.
    await rm(place, { recursive: true, force: true })
    try {
      const hasUv = await run('uv --version').then(
        () => true,
        () => false,
      )
      for (const command of hasUv ? WITH_UV : WITH_PIP) await run(command)
    } catch (error) {
      options.signal.throwIfAborted()
      throw new EnvironmentNotMade(lockFile, describeError(error))
    }
    await writeFile(ready, '')
  }
  const version = await run('"$PLACE/bin/python" --version')
  return {
    env: { VIRTUAL_ENV: place, PATH: `${join(place, 'bin')}${delimiter}${process.env.PATH ?? ''}` },
    record: { python: version.trim().replace(/^Python /, ''), lock: `sha256:${hash}` },
  }
}

const WITH_UV = ['uv venv --quiet "$PLACE"', 'uv pip sync --quiet --python "$PLACE/bin/python" "$LOCK"']
const WITH_PIP = [
  'python3 -m venv "$PLACE"',
  '"$PLACE/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$LOCK"',
]

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
