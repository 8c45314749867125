import { spawn } from 'node:child_process'
import { ChildCrashed, ChildTimedOut } from './errors.ts'

const KEPT_OUTPUT = 8_000

/**
 * The shell's own input is a pipe that this process holds and never writes to: when it closes while the command runs, this
 * process is gone, `kill -9` included, and the whole group ends. The command itself reads from nothing.
 */
const endingWithParent = (command: string) =>
  process.platform === 'win32'
    ? command
    : `exec 3<&0 </dev/null; (cat <&3; kill -9 0) >/dev/null 2>&1 & exec 3<&-\nwatch=$!\n(\n${command}\n)\ncode=$?\nkill $watch 2>/dev/null\nexit $code`

/**
 * Runs a user's own command in a shell, in a process group of its own so that what it started ends with it, and that ends
 * with this process however this process ends.
 *
 * @param options.bare it gets none of this process's variables but the path: what it runs is not trusted with them
 * @returns the last 8,000 characters it printed
 */
export async function runCommand(
  command: string,
  options: {
    folder: string
    env: Record<string, string>
    bare?: boolean
    timeoutMs: number
    signal?: AbortSignal
    onLine?: (line: string) => void
  },
): Promise<string> {
  options.signal?.throwIfAborted()
  const inherited = options.bare ? { PATH: process.env.PATH, LANG: process.env.LANG } : withoutSecrets(process.env)
  const child = spawn(endingWithParent(command), {
    cwd: options.folder,
    env: { ...inherited, ...options.env },
    shell: true,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A command that is over before the pipe is closed is no fault.
  child.stdin.on('error', () => {})
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
      child.on('exit', () => child.stdin.end())
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

/** Secrets are for reading data: what a command needs of them is given to it by name. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^ORRERY_SECRETS?(_|$)/.test(key)))
}
