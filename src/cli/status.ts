import pc from 'picocolors'
import type { LoopOverview } from '#loop/contract'
import { formatDuration } from '#platform/time'
import { renderDrift } from '#projects'
import { DONE } from './exit.ts'
import { printJson } from './output.ts'
import { padded } from './screen.ts'
import { type Server, type ServerOptions, serverFrom } from './server.ts'
import { count, counted, figure } from './wording.ts'

const DRIFT_COLOURS = { add: pc.green, change: pc.yellow, remove: pc.red, faint: pc.dim }

const DOT: Record<LoopOverview['summary']['state'], string> = {
  'in step': pc.green('●'),
  working: pc.blue('●'),
  'waits for you': pc.yellow('●'),
  'out of step': pc.red('●'),
  'not deployed': pc.dim('○'),
}

/** One line a project; with a name, its stages and what needs a person, too. */
export async function status(project: string | undefined, options: ServerOptions): Promise<number> {
  const { url, server } = serverFrom(options)
  const names = project ? [project] : (await server.listProjects()).projects.map(({ name }) => name)
  const found = await Promise.all(names.map((name) => statusOf(server, name)))
  if (options.json) {
    printJson(project ? found[0] : { projects: found })
    return DONE
  }
  if (found.length === 0) console.log('No project yet: `orrery apply` in a folder with an orrery.yaml makes one.')
  const width = Math.max(12, ...names.map((name) => name.length))
  for (const one of found) console.log(summaryLine(one, width))
  if (project && found[0]) console.log(details(found[0], url))
  return DONE
}

type Status = LoopOverview & { requestsPerSecond: number | null }

async function statusOf(server: Server, project: string): Promise<Status> {
  const overview = await server.overview({ params: { project } })
  const endpoint = overview.endpoints.find((one) => one.champion !== null)
  const served = endpoint && (await server.servingStatus({ params: { endpoint: endpoint.name } }))
  return { ...overview, requestsPerSecond: served?.requestsPerSecond ?? null }
}

function summaryLine(
  { project, simulated, summary, endpoints, drift, needs, requestsPerSecond }: Status,
  width: number,
) {
  const { state, champion, metric, value, windowMs, openAlerts } = summary
  const model = endpoints.find((one) => one.champion === champion)?.model ?? endpoints[0]?.model ?? ''
  const parts = [
    `${padded(project, width)}  ${DOT[state]} ${padded(state, 13)}`,
    champion === null ? '' : `champion ${model} v${champion}`,
    metric === null || value === null
      ? ''
      : `${metric} ${figure(value)}${windowMs ? ` (${formatDuration(windowMs)})` : ''}`,
    requestsPerSecond === null ? '' : `${count(requestsPerSecond)} req/s`,
    openAlerts > 0 ? pc.red(counted(openAlerts, 'alert')) : '',
    drift.length > 0 ? pc.yellow('not as the file says') : '',
    needs.length > 0 ? pc.yellow(`${needs.length} wait${needs.length === 1 ? 's' : ''} for you`) : '',
    simulated ? pc.dim('simulated') : '',
  ]
  return parts.filter(Boolean).join('   ')
}

function details({ stages, needs, drift }: Status, url: string): string {
  const lines = stages.map(({ name, state, lines }) => {
    const mark = state === 'attention' ? pc.red('●') : state === 'waiting' ? pc.yellow('●') : pc.dim('·')
    return `  ${mark} ${padded(name, 9)} ${lines.filter(Boolean).join(' · ')}`
  })
  if (drift.length > 0) lines.push('', renderDrift(drift, DRIFT_COLOURS).trimEnd())
  for (const need of needs) {
    lines.push(
      '',
      `${pc.yellow('●')} ${pc.bold(need.title)}`,
      `  ${need.detail}`,
      `  ${need.action}: ${url}${need.link}`,
    )
  }
  return lines.join('\n')
}
