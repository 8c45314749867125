import { dirname, resolve } from 'node:path'
import pc from 'picocolors'
import { cardFrom, checkSource } from '#data'
import type { DatasetSpec, SourceCard } from '#data/contract'
import { asOrreryError } from '#platform/errors'
import { formatDuration } from '#platform/time'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, BUSY, GOOD, printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import { serverFrom, type ServerOptions } from '../server.ts'
import { elapsed } from '../wording.ts'

interface Options extends ServerOptions {
  check?: boolean
}

/** Where a project's data comes from, without a server; with `--check`, what each source says of itself now. */
export async function sources(file: string, options: Options): Promise<number> {
  const { spec } = await readProjectFolder(file)
  const cards: SourceCard[] = []
  for (const [dataset, set] of Object.entries(spec.data)) {
    const one = set as DatasetSpec
    const check = options.check ? await checkOne(spec.project, dataset, one, file, options) : undefined
    cards.push(cardFrom({ dataset, spec: one, check, latest: null, now: Date.now() }))
  }
  if (options.json) printJson({ project: spec.project, sources: cards })
  else for (const line of cards.flatMap(linesOf)) console.log(line)
  return cards.some(({ check }) => check && check.state !== 'available') ? ANSWER_IS_NO : DONE
}

/** What only a server knows is asked there. */
async function checkOne(project: string, dataset: string, spec: DatasetSpec, file: string, options: Options) {
  if (!/^(upload|predictions):\/\//.test(spec.source))
    return checkSource(spec, { folder: dirname(resolve(file)), env: process.env, now: Date.now() })
  try {
    return (await serverFrom(options).server.checkSource({ params: { project, dataset } })).check ?? undefined
  } catch (error) {
    const known = asOrreryError(error)
    if (!known) throw error
    const { code, message, hint } = known
    const unknown = { changedAt: null, bytes: null, files: null, checkedAt: Date.now(), tookMs: 0 }
    return { state: 'failed' as const, code, message, hint, ...unknown }
  }
}

const SIGNS = { available: GOOD, stale: BUSY, failed: BAD }

function linesOf({
  dataset,
  source,
  place,
  owner,
  licence,
  cost,
  sensitivity,
  check,
  poll,
  pinned,
}: SourceCard): string[] {
  const how = pinned ? 'pinned' : poll === null ? '' : `every ${formatDuration(poll)}`
  const said = [owner, licence, cost, sensitivity].filter((one) => one !== null)
  const head = `${check ? `${SIGNS[check.state]} ` : ''}${pc.bold(dataset)}  ${source}  ${pc.dim([place, how].filter(Boolean).join(', '))}`
  return [
    head,
    ...(said.length > 0 ? [`  ${said.join(' · ')}`] : []),
    ...(check ? [`  ${checkLine(check)}`, ...(check.hint ? [`  ${pc.dim(check.hint)}`] : [])] : []),
  ]
}

function checkLine({ state, message, changedAt, tookMs }: NonNullable<SourceCard['check']>): string {
  const since = changedAt === null ? '' : ` · changed ${age(Math.max(0, Date.now() - changedAt))} ago`
  return `${state === 'stale' ? 'stale: ' : ''}${message}${since} · answered in ${tookMs} ms`
}

const DAY = 86_400_000
const age = (ms: number) => (ms < 2 * DAY ? elapsed(ms) : `${Math.floor(ms / DAY)} days`)
