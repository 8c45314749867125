import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '#platform/log'
import { startApp } from '../app.ts'
import type { Config } from '../config.ts'
import { DONE } from './exit.ts'
import { nextSignal } from './signal.ts'

const ASK_AGAIN_MS = 250

/** Starts the server and keeps it until a signal. */
export async function up(config: Config): Promise<number> {
  const log = openLog({ level: config.log })
  const ended = nextSignal()
  const app = await startApp(config, log)
  if (app.grpc) console.log(`gRPC answers on ${app.grpc}`)
  const gone = ended.then(() => 'gone' as const)
  if ((await Promise.race([untilReady(app.url), gone])) !== 'gone') console.log(`Orrery is ready on ${app.url}`)
  const signal = await ended
  log.info({ signal }, 'stopping')
  await app.stop()
  return DONE
}

/** The ready line is a promise: it is made when `/ready` says so, and until then what is missing is named. */
async function untilReady(url: string): Promise<void> {
  let told = ''
  for (;;) {
    const answer = await fetch(`${url}/ready`)
    if (answer.ok) return
    const { problems = [] } = (await answer.json()) as { problems?: string[] }
    const text = problems.join('; ')
    if (text !== told) console.error(`Orrery answers on ${url} and is not ready yet: ${text}`)
    told = text
    await sleep(ASK_AGAIN_MS)
  }
}
