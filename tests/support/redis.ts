import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** Whether there is a Redis to start. */
export const HAS_REDIS = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

export interface RunningRedis {
  readonly url: string
  /** Ends it as a power cut would; what it held is gone. */
  kill(): Promise<void>
  /** Starts it anew at the same address, with nothing in it. */
  again(): Promise<void>
  stop(): Promise<void>
}

/** A Redis of this test's own, on a free port, in memory only. */
export async function startRedis(): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-redis-'))
  const port = await freePort()
  let child: ChildProcess
  const start = () =>
    new Promise<void>((resolve, reject) => {
      const options = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        folder,
      ]
      child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      child.stdout!.on('data', (chunk) => {
        said += chunk
        if (/Ready to accept connections/.test(said)) resolve()
      })
      child.on('error', reject)
      child.on('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)))
    })
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    again: start,
    stop: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
