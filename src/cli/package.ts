import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import type { Packaging, PackagingWishes } from '#packaging/contract'
import { versionNamed } from './certify.ts'
import { COULD_NOT, DONE } from './exit.ts'
import { BAD, BUSY, GOOD, printJson } from './output.ts'
import { openScreen, spinner } from './screen.ts'
import { type Server, type ServerOptions, serverFrom } from './server.ts'

interface Options extends ServerOptions {
  project?: string
  task?: PackagingWishes['task']
  classes?: string[]
  python?: boolean
  detach?: boolean
}

const LOOK_EVERY_MS = 500

/** Packages a version and follows that to its end. */
export async function packageModel(name: string, options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const params = versionNamed(name)
  const { project, task, classes, python } = options
  const body = {
    ...(project && { project }),
    ...(task && { task }),
    ...(classes && { classes }),
    ...(python && { python }),
  }
  const asked = await server.packageVersion({ params, body })
  if (options.detach) {
    if (options.json) printJson(asked)
    else console.log(`${BUSY} ${name} is being packaged`)
    return DONE
  }
  const screen = options.json ? undefined : openScreen()
  try {
    const done = await follow(server, params, (message) => screen?.block([`${spinner()} ${pc.dim(message)}`]))
    if (screen) for (const line of endLines(name, done)) screen.line(line)
    else printJson(done)
    return done.state === 'succeeded' ? DONE : COULD_NOT
  } finally {
    screen?.close()
  }
}

async function follow(
  server: Server,
  params: { model: string; version: number },
  working: (message: string) => void,
): Promise<Packaging> {
  for (;;) {
    const state = await server.getPackaging({ params })
    if (state.state !== 'queued' && state.state !== 'running') return state
    working(state.progress ?? (state.state === 'queued' ? 'waits its turn' : ''))
    await sleep(LOOK_EVERY_MS)
  }
}

function endLines(name: string, { error, outcome, state }: Packaging): string[] {
  if (error) return [`${BAD} ${pc.bold(error.code)}  ${error.message}`, `  ${error.hint}`]
  if (!outcome) return [`${BAD} the packaging of ${name} was ${state}`]
  const { flavor, estimator, parity, judged } = outcome
  const how = parity
    ? `${estimator} converted to ONNX · largest difference ${parity.maxAbsDifference.toExponential(1)} on ${parity.rows} rows`
    : `${flavor}, taken as it is`
  return [`${GOOD} ${name} is packaged: ${how}`, `  ${judged}`]
}
