import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** Whether there is a NATS server to start. */
export const HAS_NATS = (() => {
  try {
    execFileSync('nats-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

export interface RunningNats {
  readonly url: string
  /** Ends it at once; its streams are on disk. */
  kill(): Promise<void>
  /** Starts it anew at the same address. */
  again(): Promise<void>
  stop(): Promise<void>
}

/** A NATS server with JetStream of this test's own, on a free port, which takes this login and no other. */
export async function startNats(login: { user: string; password: string }): Promise<RunningNats> {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-nats-'))
  const port = await freePort()
  let child: ChildProcess
  const start = () =>
    new Promise<void>((resolve, reject) => {
      const place = ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder]
      const options = [...place, '--user', login.user, '--pass', login.password]
      child = spawn('nats-server', options, { stdio: ['ignore', 'ignore', 'pipe'] })
      let said = ''
      child.stderr!.on('data', (chunk) => {
        said += chunk
        if (/Server is ready/.test(said)) resolve()
      })
      child.on('error', reject)
      child.on('exit', (code) => reject(new Error(`nats-server ended with ${code}: ${said}`)))
    })
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  await start()
  return {
    url: `nats://127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    again: start,
    stop: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
