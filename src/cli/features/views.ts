import pc from 'picocolors'
import type { FeatureViewInfo } from '#features/contract'
import { formatDuration } from '#platform/time'
import { DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { padded } from '../screen.ts'
import { type ServerOptions, serverFrom } from '../server.ts'

/** The feature views of a project. */
export async function listViews(project: string, options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const { views } = await server.listFeatureViews({ params: { project } })
  if (options.json) printJson(views)
  else if (views.length === 0) console.log(`${project} has no feature views: declare them under \`features:\`.`)
  else for (const view of views) printView(view)
  return DONE
}

function printView({ name, version, entities, ttl, owner, description, columns }: FeatureViewInfo): void {
  const by = `by ${entities.join(', ')}`
  const holds = ttl === null ? '' : `, holds ${formatDuration(ttl)}`
  const words = [description, owner && pc.dim(owner)].filter(Boolean).join('  ')
  console.log(`${pc.bold(padded(`${name}@${version}`, 28))} ${padded(by + holds, 36)} ${words}`)
  for (const column of columns)
    console.log(`  ${padded(column.name, 26)} ${padded(column.type, 8)} ${pc.dim(column.description)}`)
}
