import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { keysBelow } from './local-files.ts'
import type { Pairs, Report } from './source.ts'

export type Meta = Record<string, unknown>

export function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return entries.map((entry) => join(folder, entry.name)).sort()
}

export const text = (value: unknown) => (value == null ? '' : String(value))

/** Keys that come late in the alphabet, in which they are written: a file without them was cut off. */
const WRITTEN_LATE = {
  experiment: ['name'],
  run: ['start_time', 'status'],
  'logged model': ['status'],
  link: ['source_type'],
  'registered model': ['name'],
  'model version': ['version'],
} as const

/** A meta.yaml that is not there, or cut off, is reported once and by name; the rest of the folder is still good. */
export function metaIn(folder: string, of: keyof typeof WRITTEN_LATE, what: string, report: Report): Meta | undefined {
  const file = join(folder, 'meta.yaml')
  if (!existsSync(file)) {
    report({ what, reason: 'it has no meta.yaml', hint: `Look at ${folder}.` })
    return undefined
  }
  try {
    const written = readFileSync(file, 'utf8')
    const meta: unknown = parse(written)
    const isWhole = meta !== null && typeof meta === 'object' && WRITTEN_LATE[of].every((key) => key in meta)
    if (isWhole && written.endsWith('\n')) return meta as Meta
    report({ what, reason: 'its meta.yaml is cut off', hint: `Mend ${file}.` })
  } catch (error) {
    const [words] = String((error as Error).message).split('\n')
    report({ what, reason: `its meta.yaml is no YAML (${words})`, hint: `Mend ${file}.` })
  }
  return undefined
}

export function pairsIn(folder: string): Pairs {
  return Object.fromEntries(keysBelow(folder).map((key) => [key, readFileSync(join(folder, key), 'utf8')]))
}
