import pc from 'picocolors'
import type { FeatureViewInfo } from '#features/contract'
import { formatDuration } from '#platform/time'
import { DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { padded } from '../screen.ts'
import { type ServerOptions, serverFrom } from '../server.ts'
import { count } from '../wording.ts'

/** The feature views of a project. */
export async function listViews(project: string, options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const { views } = await server.listFeatureViews({ params: { project } })
  if (options.json) printJson(views)
  else if (views.length === 0) console.log(`${project} has no feature views: declare them under \`features:\`.`)
  else for (const view of views) printView(view)
  return DONE
}

function printView({
  name,
  version,
  entities,
  ttl,
  owner,
  description,
  columns,
  onDemand,
  stream,
}: FeatureViewInfo): void {
  const by = onDemand ? `on demand, from ${takenBy(onDemand).join(', ')}` : `by ${entities.join(', ')}`
  const holds = ttl === null ? '' : `, holds ${formatDuration(ttl)}`
  const words = [description, owner && pc.dim(owner)].filter(Boolean).join('  ')
  console.log(`${pc.bold(padded(`${name}@${version}`, 28))} ${padded(by + holds, 36)} ${words}`)
  if (stream) console.log(`  ${streamInWords(stream)}`)
  for (const column of columns)
    console.log(
      `  ${padded(column.name, 26)} ${padded(column.type, 8)} ${column.expression ?? ''}${column.expression && column.description ? '  ' : ''}${pc.dim(column.description)}`,
    )
}

function streamInWords({ name, connected, lag, rejected, error }: NonNullable<FeatureViewInfo['stream']>): string {
  const behind = lag === null ? '' : `, ${count(lag)} messages behind`
  const aside = rejected > 0 ? pc.yellow(`, ${count(rejected)} set aside`) : ''
  const state = connected ? `connected${behind}` : pc.red(`not connected${error ? `: ${error.message}` : ''}`)
  return `stream ${name}: ${state}${aside}`
}

const takenBy = ({ views, request }: NonNullable<FeatureViewInfo['onDemand']>) => [...views, ...Object.keys(request)]

/** Features of all projects that have every one of these words. */
export async function searchFeatures(words: readonly string[], options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const { found, features } = await server.searchFeatures({ query: { q: words.join(' ') } })
  if (options.json) printJson({ found, features })
  else if (found === 0)
    console.log(`No feature has ${words.join(' and ')} in its name, view, key, owner or description.`)
  else
    for (const { project, view, version, feature, type, owner, description } of features)
      console.log(
        `${pc.bold(padded(feature, 26))} ${padded(type, 8)} ${padded(`${project} ${view}@${version}`, 36)} ${description}  ${pc.dim(owner)}`,
      )
  return DONE
}
