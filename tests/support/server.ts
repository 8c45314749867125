import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))
const READY = /^Orrery is ready on (\S+)$/
const PATIENCE_MS = 60_000

/** A real server process. */
export interface RunningServer {
  readonly url: string
  readonly home: string
  readonly pid: number
  /** Asks it to stop and waits; the exit code. Removes its home if the helper made it. */
  stop(): Promise<number | null>
  /** `kill -9`. */
  kill(): Promise<void>
}

/** Starts `orrery up` on a free port and waits for its own word that it is ready. */
export async function startServer(
  options: { home?: string; port?: number; env?: Record<string, string>; args?: readonly string[] } = {},
): Promise<RunningServer> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'orrery-home-')))
  const child = spawn(
    process.execPath,
    [COMMAND, 'up', '--home', home, '--port', String(options.port ?? 0), ...(options.args ?? [])],
    { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const url = await readyUrl(child)
  const gone = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  return {
    url,
    home,
    pid: child.pid!,
    stop: async () => {
      await gone('SIGTERM')
      if (!options.home) await rm(home, { recursive: true, force: true })
      return child.exitCode
    },
    kill: () => gone('SIGKILL'),
  }
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the server was not ready within ${PATIENCE_MS / 1000} s; it said:\n${said}`))
    }, PATIENCE_MS)
    createInterface({ input: child.stdout! }).on('line', (line) => {
      said += `${line}\n`
      const url = READY.exec(line)?.[1]
      if (!url) return
      clearTimeout(timer)
      resolve(url)
    })
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`the server ended (${signal ?? code}) before it was ready; it said:\n${said}`))
    })
  })
}
