import { versionNamed } from './certify.ts'
import { WrongUse } from './errors.ts'
import type { Server } from './server.ts'

/** `price-up@8`, or a name that people gave it: `price-up@champion`. @throws WrongUse */
export async function versionFound(server: Server, name: string): Promise<{ model: string; version: number }> {
  const at = name.lastIndexOf('@')
  const [model, alias] = [name.slice(0, at), name.slice(at + 1)]
  if (at < 1 || /^v?\d+$/.test(alias)) return versionNamed(name)
  const { aliases } = await server.getModel({ params: { model } })
  const version = aliases[alias]
  if (version !== undefined) return { model, version }
  const known = Object.keys(aliases)
  throw new WrongUse(
    `${model} has no version called "${alias}".`,
    known.length === 0 ? 'Write its number, as price-up@8.' : `Write its number, or one of ${known.join(', ')}.`,
  )
}
