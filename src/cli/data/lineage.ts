import pc from 'picocolors'
import type { DataLineage, LineageStep } from '#data/contract'
import { DONE } from '../exit.ts'
import { printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import { type Server, type ServerOptions, serverFrom } from '../server.ts'
import { count } from '../wording.ts'

interface Options extends ServerOptions {
  project?: string
}

/** The versions of all tables that a version was made of, as a tree down to their sources. */
export async function lineage(named: string, options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const found = await server.traceDataVersion({ params: { version: await idOf(server, named, options) } })
  if (options.json) printJson(found)
  else for (const line of linesOf(found)) console.log(line)
  return DONE
}

/** `customers@3` or `customers@latest` of a project, or the id of a version. */
async function idOf(server: Server, named: string, options: Options): Promise<string> {
  const [, dataset, number] = /^(.+)@(\d+|latest)$/.exec(named) ?? []
  if (dataset === undefined) return named
  const project = options.project ?? (await readProjectFolder('orrery.yaml')).spec.project
  const asked = number === 'latest' ? number : Number(number)
  return (await server.findDataVersion({ params: { project, dataset, number: asked } })).id
}

const HOW: Record<LineageStep['by'], string> = {
  append: 'rows were added to',
  recipe: 'its recipe reads',
  features: 'features of',
  entities: 'features were joined to',
}

function linesOf({ versions, steps, cut }: DataLineage): string[] {
  const told = new Set<string>()
  const shown = (id: string) => {
    const { dataset, number, rows, source } = versions.find((one) => one.id === id)!
    return `${pc.bold(`${dataset}@${number}`)} ${pc.dim(`${id}  ${count(rows)} rows, ${source.source}`)}`
  }
  const below = (id: string, indent: string): string[] => {
    if (told.has(id)) return []
    told.add(id)
    return steps
      .filter(({ to }) => to === id)
      .flatMap(({ from, by, view }, i, all) => {
        const last = i === all.length - 1
        const how = `${HOW[by]}${view === null ? '' : ` ${view}`}`
        return [`${indent}${last ? '└' : '├'} ${how} ${shown(from)}`, ...below(from, `${indent}${last ? '  ' : '│ '}`)]
      })
  }
  const first = versions[0]!.id
  return [shown(first), ...below(first, '  '), ...(cut ? [pc.dim('  … and more')] : [])]
}
