import { DONE } from './exit.ts'
import { printJson } from './output.ts'
import { type ServerOptions, serverFrom } from './server.ts'
import { renderTrace } from './trace-tree.ts'

export async function trace(id: string, options: ServerOptions): Promise<number> {
  const { url, server } = serverFrom(options)
  const found = await server.trace({ params: { prediction: id } })
  if (options.json) printJson(found)
  else console.log(renderTrace(found, url))
  return DONE
}
