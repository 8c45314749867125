import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { describeError } from '#platform/errors'
import { runCommand } from '#platform/process'
import { EnvironmentNotMade } from './errors.ts'

const PythonEnv = z.object({
  python: z.union([z.string(), z.number()]).transform(String).optional(),
  dependencies: z.array(z.string()).default([]),
})

const MINUTES = 60_000

/**
 * A lock file for the `python_env.yaml` of an MLproject: its packages, which it seldom pins, resolved once and kept, so
 * that the same file means the same packages from then on. The interpreter is the one that is installed.
 *
 * @param folder where lock files are kept
 * @returns the path of the lock file
 * @throws EnvironmentNotMade
 */
export async function lockPythonEnv(
  file: string,
  options: { folder: string; signal: AbortSignal; onLine: (line: string) => void },
): Promise<string> {
  const requirements = await requirementsOf(file)
  const hash = createHash('sha256').update(requirements).digest('hex').slice(0, 16)
  const wanted = join(options.folder, `${hash}.in`)
  const lock = join(options.folder, `${hash}.lock`)
  if (await readFile(lock).catch(() => undefined)) return lock
  await writeFile(wanted, requirements)
  try {
    await runCommand('uv pip compile --quiet --universal --generate-hashes "$WANTED" -o "$LOCK"', {
      folder: options.folder,
      env: { WANTED: wanted, LOCK: `${lock}.part` },
      timeoutMs: 5 * MINUTES,
      signal: options.signal,
      onLine: options.onLine,
    })
  } catch (error) {
    options.signal.throwIfAborted()
    throw new EnvironmentNotMade(file, `its packages could not be locked (this needs uv): ${describeError(error)}`)
  }
  await rename(`${lock}.part`, lock)
  return lock
}

/** The lines of its `dependencies`; `-r file` is replaced by what that file says. */
async function requirementsOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new EnvironmentNotMade(file, `it cannot be read (${error.code})`)
  })
  const read = PythonEnv.safeParse(parse(text, { maxAliasCount: 100 }))
  if (!read.success) throw new EnvironmentNotMade(file, `${read.error.issues[0]!.message}`)
  const lines: string[] = []
  for (const line of read.data.dependencies) {
    const included = /^-r\s+(.+)$/.exec(line.trim())?.[1]
    if (included === undefined) lines.push(line)
    else lines.push(await includedIn(file, included))
  }
  return `${lines.join('\n')}\n`
}

function includedIn(file: string, name: string): Promise<string> {
  const path = normalize(name)
  if (isAbsolute(path) || path.startsWith('..'))
    throw new EnvironmentNotMade(file, `${name} lies outside of its folder`)
  return readFile(join(dirname(file), path), 'utf8').catch((error) => {
    throw new EnvironmentNotMade(file, `${name} cannot be read (${error.code})`)
  })
}
