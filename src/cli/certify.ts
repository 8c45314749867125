import { DONE } from './exit.ts'
import { WrongUse } from './errors.ts'
import { GOOD, printJson } from './output.ts'
import { type ServerOptions, serverFrom } from './server.ts'

/** Signs for a version with the identity of the token. */
export async function certify(name: string, options: ServerOptions & { note: string }): Promise<number> {
  const { server } = serverFrom(options)
  const { model, version } = versionNamed(name)
  const certified = await server.certifyVersion({ params: { model, version }, body: { note: options.note } })
  if (options.json) printJson(certified)
  else console.log(`${GOOD} ${model} v${version} certified by ${certified.certification?.by}`)
  return DONE
}

/** `price-up@8`. @throws WrongUse */
export function versionNamed(name: string): { model: string; version: number } {
  const found = /^(?<model>[^@]+)@v?(?<version>\d+)$/.exec(name)?.groups
  if (!found) throw new WrongUse(`"${name}" names no version.`, 'Write the model and its version as price-up@8.')
  return { model: found.model!, version: Number(found.version) }
}
