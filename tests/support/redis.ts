import { isInstalled, type RunningDaemon, startDaemon } from './daemon.ts'

/** Whether there is a Redis to start. */
export const HAS_REDIS = isInstalled('redis-server')

export interface RunningRedis extends RunningDaemon {
  readonly url: string
}

/** A Redis in memory only: what it held is gone when it ends. */
export async function startRedis(): Promise<RunningRedis> {
  const daemon = await startDaemon(
    'redis-server',
    (folder, port) => {
      const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder]
      return [...place, '--save', '', '--appendonly', 'no']
    },
    /Ready to accept connections/,
  )
  return { ...daemon, url: `redis://127.0.0.1:${daemon.port}` }
}
