import { openLog } from '#platform/log'
import { startApp } from '../app.ts'
import type { Config } from '../config.ts'
import { DONE } from './exit.ts'

/** Starts the server and keeps it until a signal. */
export async function up(config: Config): Promise<number> {
  const log = openLog({ level: config.log })
  const app = await startApp(config, log)
  console.log(`Orrery is ready on ${app.url}`)
  const signal = await nextSignal()
  log.info({ signal }, 'stopping')
  await app.stop()
  return DONE
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}
