import { spawn } from 'node:child_process'
import { ChildCrashed, ChildTimedOut } from './errors.ts'

const KEPT_OUTPUT = 8_000

/**
 * Runs a user's own command in a shell, in a process group of its own so that what it started ends with it.
 *
 * @returns the last 8,000 characters it printed
 */
export async function runCommand(
  command: string,
  options: {
    folder: string
    env: Record<string, string>
    timeoutMs: number
    signal?: AbortSignal
    onLine?: (line: string) => void
  },
): Promise<string> {
  options.signal?.throwIfAborted()
  const child = spawn(command, {
    cwd: options.folder,
    env: { ...process.env, ...options.env },
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let words = ''
  let rest = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-KEPT_OUTPUT)
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) options.onLine?.(line)
    })
  }
  let ended: Error | undefined
  const end = (reason: Error) => {
    ended = reason
    if (child.pid) process.kill(-child.pid, 'SIGKILL')
  }
  const timer = setTimeout(() => end(new ChildTimedOut(`"${command}"`, options.timeoutMs / 1000)), options.timeoutMs)
  const abort = () => end(options.signal!.reason)
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        if (ended) reject(ended)
        else if (code === 0) resolve(words)
        else reject(new ChildCrashed(`"${command}"`, signal ?? `exit code ${code}`, words.trim().slice(-1_200)))
      })
    })
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
  }
}
