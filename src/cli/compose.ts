import { readFile } from 'node:fs/promises'
import pc from 'picocolors'
import { parse } from 'yaml'
import { InferenceGraph } from '#runtime/contract'
import { GraphFileInvalid } from './errors.ts'
import { DONE } from './exit.ts'
import { GOOD, printJson } from './output.ts'
import { type ServerOptions, serverFrom } from './server.ts'

/** Puts packaged versions together to one more version. */
export async function compose(
  model: string,
  file: string,
  options: ServerOptions & { project?: string },
): Promise<number> {
  const { server } = serverFrom(options)
  const graph = await graphIn(file)
  const made = await server.composeVersion({
    params: { model },
    query: options.project === undefined ? {} : { project: options.project },
    body: graph,
  })
  if (options.json) printJson(made)
  else
    console.log(
      `${GOOD} ${pc.bold(`${made.model}@${made.version}`)} answers with ${Object.values(graph.parts).join(', ')}`,
    )
  return DONE
}

async function graphIn(file: string): Promise<InferenceGraph> {
  let content: unknown
  try {
    content = parse(await readFile(file, 'utf8'), { maxAliasCount: 10 })
  } catch (error) {
    throw new GraphFileInvalid(file, (error as Error).message.split('\n', 1)[0]!)
  }
  const found = InferenceGraph.safeParse(content)
  if (found.success) return found.data
  const [issue] = found.error.issues
  throw new GraphFileInvalid(file, `${issue!.path.join('.') || 'at the top'}: ${issue!.message}`)
}
