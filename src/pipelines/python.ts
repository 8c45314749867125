import { createHash } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { runCommand } from '#platform/process'

const MINUTES = 60_000

/**
 * An environment with exactly the packages of a lock file, made once per content of that file: with `uv` where it is
 * installed (seconds), with `venv` and `pip` otherwise.
 *
 * @returns the variables that put it in front
 */
export async function lockedPython(lockFile: string, folder: string): Promise<Record<string, string>> {
  const lock = await readFile(lockFile)
  const name = createHash('sha256').update(lock).digest('hex').slice(0, 16)
  const place = join(folder, '..', 'python', name)
  const ready = join(place, 'ready')
  const made = await access(ready).then(
    () => true,
    () => false,
  )
  if (!made) {
    const command =
      'if command -v uv >/dev/null; then uv venv --quiet --clear "$PLACE" && uv pip sync --quiet --python "$PLACE/bin/python" "$LOCK"; ' +
      'else python3 -m venv --clear "$PLACE" && "$PLACE/bin/pip" install --quiet --requirement "$LOCK"; fi && touch "$PLACE/ready"'
    await runCommand(command, { folder, env: { PLACE: place, LOCK: lockFile }, timeoutMs: 20 * MINUTES })
  }
  return { VIRTUAL_ENV: place, PATH: `${join(place, 'bin')}${delimiter}${process.env.PATH ?? ''}` }
}
