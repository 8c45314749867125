import { versionNamed } from './certify.ts'
import { DONE } from './exit.ts'
import { BUSY, GOOD, printJson } from './output.ts'
import { type ServerOptions, serverFrom } from './server.ts'

interface Options extends ServerOptions {
  endpoint?: string
  environment: 'production' | 'staging' | 'development'
}

/** Puts a version on an endpoint of its own; in production it then waits for its checks and a signature. */
export async function deploy(name: string, options: Options): Promise<number> {
  const { url, server } = serverFrom(options)
  const { model, version } = versionNamed(name)
  const { environment, endpoint = model } = options
  const found = await server.deployVersion({ params: { endpoint }, body: { model, version, environment } })
  if (options.json) printJson(found)
  else if (found.champion === version) console.log(`${GOOD} ${name} answers at ${url}/predict/${found.name}`)
  else
    console.log(
      `${BUSY} ${name} is on its way to ${found.name}: it is checked, and waits for \`orrery certify ${name}\``,
    )
  return DONE
}
