import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PythonEnvironments } from '#runtime'
import { lockedPython } from './python.ts'

/** The Python environments of models, made once for each lock and kept in `folder`. */
export function keptEnvironments(folder: string): PythonEnvironments {
  // Two versions with one lock must not make its environment at the same time.
  const making = new Map<string, Promise<Record<string, string>>>()
  async function make(lock: string, python: string | null): Promise<Record<string, string>> {
    await mkdir(folder, { recursive: true })
    const file = join(folder, `${createHash('sha256').update(lock).digest('hex').slice(0, 16)}.lock`)
    await writeFile(file, lock)
    const signal = new AbortController().signal
    const { env } = await lockedPython(file, { folder, signal, onLine: () => {}, ...(python !== null && { python }) })
    return env
  }
  return (lock, python) => {
    const key = `${python} ${lock}`
    const made = making.get(key) ?? make(lock, python).finally(() => making.delete(key))
    making.set(key, made)
    return made
  }
}
