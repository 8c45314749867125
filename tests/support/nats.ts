import { isInstalled, type RunningDaemon, startDaemon } from './daemon.ts'

/** Whether there is a NATS server to start. */
export const HAS_NATS = isInstalled('nats-server')

export interface RunningNats extends RunningDaemon {
  readonly url: string
}

/** A NATS server with JetStream, which takes this login and no other; its streams are on disk and outlive a kill. */
export async function startNats(login: { user: string; password: string }): Promise<RunningNats> {
  const daemon = await startDaemon(
    'nats-server',
    (folder, port) => {
      const place = ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', folder]
      return [...place, '--user', login.user, '--pass', login.password]
    },
    /Server is ready/,
  )
  return { ...daemon, url: `nats://127.0.0.1:${daemon.port}` }
}
