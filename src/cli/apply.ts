import pc from 'picocolors'
import { ClientError } from '#platform/http/contract'
import { renderPlan } from '#projects'
import { ANSWER_IS_NO, DONE } from './exit.ts'
import { counted } from './wording.ts'
import { GOOD, printJson } from './output.ts'
import { pages } from './pages.ts'
import { type ProjectFolder, readProjectFolder } from './project-folder.ts'
import { type Server, type ServerOptions, serverFrom } from './server.ts'

const COLOURS = { add: pc.green, change: pc.yellow, remove: pc.red, faint: pc.dim }

interface Options extends ServerOptions {
  file: string
}

/** Shows what `apply` would change, and where the server is not as the file says; with `--check` either is a no. */
export async function plan(options: Options & { check?: boolean }): Promise<number> {
  const { url, server } = serverFrom(options)
  const { spec, written } = await readProjectFolder(options.file)
  const found = await server.planProject({ body: await asItWas(server, { spec, written }) })
  if (options.json) printJson(found)
  else
    process.stdout.write(
      renderPlan({ project: found.project, server: url, code: found.code }, found.changes, COLOURS, found.drift),
    )
  return options.check && found.changes.length + found.drift.length > 0 ? ANSWER_IS_NO : DONE
}

export async function apply(options: Options): Promise<number> {
  const { url, server } = serverFrom(options)
  const { spec, written } = await readProjectFolder(options.file)
  const made = await server.applyProject({ body: await asItWas(server, { spec, written }) })
  if (options.json) {
    printJson(made)
    return DONE
  }
  const { project, changes, code } = made
  if (changes.length > 0) {
    // All of the plan but its last line, which asks to apply it.
    const lines = renderPlan({ project, server: url, code }, changes, COLOURS).trimEnd().split('\n')
    console.log(lines.slice(0, -1).join('\n'))
  }
  const what = changes.length === 0 ? 'nothing to change' : `${counted(changes.length, 'change')} made`
  console.log(`${GOOD} ${project} · ${what} · ${pages.loop(url, project)}`)
  return DONE
}

/** A project whose world is simulated stays so when its file is applied by hand. */
async function asItWas(server: Server, { spec, written }: ProjectFolder): Promise<ProjectFolder['written']> {
  try {
    const { simulated } = await server.getProject({ params: { project: spec.project } })
    return { ...written, simulated }
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return written
    throw error
  }
}
