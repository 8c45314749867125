import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** Whether a program is there to start. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface RunningDaemon {
  readonly port: number
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** Starts it anew at the same address. */
  again(): Promise<void>
  /** Ends it, and removes its folder. */
  stop(): Promise<void>
}

/**
 * A server of this test's own, on a free port.
 * @param options its arguments
 * @param ready what it says when it takes connections
 */
export async function startDaemon(
  program: string,
  options: (folder: string, port: number) => readonly string[],
  ready: RegExp,
): Promise<RunningDaemon> {
  const folder = mkdtempSync(join(tmpdir(), `orrery-${program}-`))
  const port = await freePort()
  let child: ChildProcess
  const start = () =>
    new Promise<void>((resolve, reject) => {
      const started = spawn(program, options(folder, port), { stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      let said = ''
      for (const output of [started.stdout, started.stderr])
        output.on('data', (chunk) => {
          said += chunk
          if (ready.test(said)) resolve()
        })
      started.on('error', reject)
      started.on('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said}`)))
    })
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  await start()
  return {
    port,
    kill: () => end('SIGKILL'),
    again: start,
    stop: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
