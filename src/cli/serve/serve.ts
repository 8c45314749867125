import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import { authorizeByToken, isLoopback } from '#access'
import { openHttp } from '#platform/http'
import { openLog } from '#platform/log'
import { startInferenceGrpc } from '#protocols/oip'
import { listen } from '../../listen.ts'
import { version } from '../../version.ts'
import { WrongUse } from '../errors.ts'
import { DONE } from '../exit.ts'
import { BAD, GOOD } from '../output.ts'
import { nextSignal } from '../signal.ts'
import { exampleOf } from './example.ts'
import { openFileModels } from './file-models.ts'
import { mountServe } from './http.ts'
import { modelSources } from './sources.ts'

export interface ServeOptions {
  name?: string
  host: string
  port: string
  grpcPort?: string
  maxBody: string
  log: string
}

/** What is under way when a signal comes may take this long. */
const STOP_MS = 10_000

/** Serves a file, a folder or a registered version over every protocol, without a project and without a home. */
export async function serve(what: string, options: ServeOptions): Promise<number> {
  const port = numberIn('--port', options.port, 65_535)
  const grpcPort = options.grpcPort === undefined ? undefined : numberIn('--grpc-port', options.grpcPort, 65_535)
  const largestBody = numberIn('--max-body', options.maxBody, 2 ** 31 - 1)
  const { host } = options
  const token = process.env.ORRERY_SERVE_TOKEN || undefined
  const ended = nextSignal()
  const log = openLog({ level: options.log })
  await using opened = new AsyncDisposableStack()

  const models = await openFileModels(await modelSources(what, options.name), log)
  opened.defer(models.close)
  const authorize = authorizeByToken({ host, token })
  const http = await openHttp({ log, authorize, version })
  mountServe(http, { models, version, largestBody })
  opened.defer(() => http.fastify.close())
  const url = await listen(http.fastify, { host, port })
  const grpc =
    grpcPort === undefined
      ? undefined
      : await startInferenceGrpc({ models, version, authorize, log, host, port: grpcPort, largestMessage: largestBody })
  if (grpc) opened.defer(grpc.stop)

  for (const { name, state, reason } of await models.index())
    console.log(state === 'READY' ? `${GOOD} ${name}` : `${BAD} ${name}: ${reason}`)
  if (grpc) console.log(`gRPC answers on ${grpc.address}`)
  if (!token && !isLoopback(host))
    console.error(`Anybody who reaches ${host} may ask; set ORRERY_SERVE_TOKEN to ask them for a token.`)
  for (const line of await exampleOf(models, url)) console.log(pc.dim(line))
  console.log(`Orrery is ready on ${url}`)

  const signal = await ended
  log.info({ signal }, 'stopping')
  const stopped = opened.move().disposeAsync()
  await Promise.race([stopped, sleep(STOP_MS, undefined, { ref: false })])
  return DONE
}

function numberIn(flag: string, text: string, most: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= most) return number
  throw new WrongUse(`${flag} is "${text}".`, `Write a whole number from 0 to ${most}.`)
}
