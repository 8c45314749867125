import { isAbsolute, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import type { Batch, BatchInput } from '#batch/contract'
import { WrongUse } from './errors.ts'
import { ANSWER_IS_NO, COULD_NOT, DONE } from './exit.ts'
import { BAD, BUSY, GOOD, printJson } from './output.ts'
import { openScreen, spinner } from './screen.ts'
import { type Server, type ServerOptions, serverFrom } from './server.ts'
import { count, elapsed, percent } from './wording.ts'

interface Options extends ServerOptions {
  into: string
  project?: string
  query?: string
  table?: string
  keep?: string[]
  overwrite?: boolean
  partRows?: string
  detach?: boolean
}

const LOOK_EVERY_MS = 250
const BAR = 24

/** Scores a table and follows that to its end. */
export async function score(scorer: string, input: string | undefined, options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const { project, table, keep, overwrite, partRows } = options
  const started = await server.startBatch({
    body: {
      score: scorer,
      input: inputOf(input, options),
      into: intoOf(options.into),
      ...(project !== undefined && { project }),
      ...(table !== undefined && { table }),
      ...(keep && { keep }),
      ...(overwrite && { overwrite }),
      ...(partRows !== undefined && { partRows: Number(partRows) }),
    },
  })
  if (options.detach) {
    if (options.json) printJson(started)
    else console.log(`${BUSY} batch ${started.id} is under way`)
    return DONE
  }
  const screen = options.json ? undefined : openScreen()
  try {
    const ended = await follow(server, started.id, (batch) => screen?.block([progressLine(batch)]))
    if (screen) for (const line of endLines(ended)) screen.line(line)
    else printJson(ended)
    if (ended.state === 'succeeded') return DONE
    return ended.state === 'cancelled' ? ANSWER_IS_NO : COULD_NOT
  } finally {
    screen?.close()
  }
}

/** `data:customers@3` names a data set, anything else is a path; the server may run in another folder. */
function inputOf(input: string | undefined, { query }: Options): BatchInput {
  if (query !== undefined && input === undefined) return { query }
  if (query !== undefined || input === undefined)
    throw new WrongUse('There is one input: a path, data:<name>, or --query.', 'Leave the others out.')
  const data = /^data:(?<name>[^@]+)(?:@(?<version>\d+))?$/.exec(input)?.groups
  if (data) return { data: data.name!, ...(data.version !== undefined && { version: Number(data.version) }) }
  return { file: isAbsolute(input) ? input : resolve(input) }
}

function intoOf(into: string): string {
  if (/^postgres(ql)?:\/\//.test(into)) return into
  if (into.startsWith('sqlite:')) return `sqlite:${resolve(into.replace(/^sqlite:(\/\/)?/, ''))}`
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(into) ? into : resolve(into)
}

async function follow(server: Server, id: string, working: (batch: Batch) => void): Promise<Batch> {
  for (;;) {
    const batch = await server.getBatch({ params: { batch: id } })
    if (batch.state !== 'queued' && batch.state !== 'running') return batch
    working(batch)
    await sleep(LOOK_EVERY_MS)
  }
}

function progressLine({ progress, state }: Batch): string {
  if (!progress) return `${spinner()} ${pc.dim(state === 'queued' ? 'waits its turn' : 'starts')}`
  const { fraction, message } = progress
  if (fraction === null) return `${spinner()} ${pc.dim(message)}`
  const full = Math.round(fraction * BAR)
  return `${spinner()} ${'█'.repeat(full)}${pc.dim('░'.repeat(BAR - full))} ${percent(fraction)}  ${pc.dim(message)}`
}

function endLines({ id, state, error, outcome, into, version, table }: Batch): string[] {
  if (error) return [`${BAD} ${pc.bold(error.code)}  ${error.message}`, `  ${error.hint}`]
  if (!outcome) return [`${BAD} the batch ${id} was ${state}`]
  const { scored, setAside, reasons, seconds } = outcome
  const where = table === null ? into : `${into}, table ${table}`
  return [
    `${GOOD} ${count(scored)} rows scored by ${version} into ${where} in ${elapsed(seconds * 1000)}`,
    ...(setAside > 0
      ? [`  ${pc.yellow(`${count(setAside)} rows set aside`)}: GET /api/batches/${id}/aside has them`]
      : []),
    ...reasons.slice(0, 5).map(({ reason, rows }) => `    ${count(rows)} × ${reason}`),
  ]
}
