import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const BIN = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))
export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs one command in a process of its own, as a shell would, and waits for its end. */
export function orrery(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; endAfterMs?: number } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: options.cwd,
      // Nothing of this machine's own settings; colours would have to be taken out again.
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), options.endAfterMs ?? 60_000)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
  })
}
