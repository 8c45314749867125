import { DONE } from './exit.ts'
import { WrongUse } from './errors.ts'
import { BUSY, GOOD, printJson } from './output.ts'
import { type ServerOptions, serverFrom } from './server.ts'

interface Options extends ServerOptions {
  note: string
  report?: string
  refuse?: boolean
}

/** Signs for a version, or refuses it, with the identity of the token. */
export async function certify(name: string, options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const params = versionNamed(name)
  const { note, report, refuse, json } = options
  if (refuse) {
    if (note.trim() === '') throw new WrongUse('A refusal needs its reason.', 'Add --note "why".')
    const refused = await server.rejectVersion({ params, body: { reason: note } })
    if (json) printJson(refused)
    else console.log(`${GOOD} ${name} was refused: ${note}`)
    return DONE
  }
  const signed = await server.certifyVersion({ params, body: { note, ...(report && { report }) } })
  if (json) printJson(signed)
  else if (signed.certification) console.log(`${GOOD} ${name} certified by ${signed.certification.by}`)
  else {
    const { missing } = await server.getCertificate({ params })
    console.log(`${BUSY} ${name} is signed; still missing: ${missing.join(', ')}`)
  }
  return DONE
}

/** `price-up@8`. @throws WrongUse */
export function versionNamed(name: string): { model: string; version: number } {
  const found = /^(?<model>[^@]+)@v?(?<version>\d+)$/.exec(name)?.groups
  if (!found) throw new WrongUse(`"${name}" names no version.`, 'Write the model and its version as price-up@8.')
  return { model: found.model!, version: Number(found.version) }
}
