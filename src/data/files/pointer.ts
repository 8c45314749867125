import { PointerBroken } from './errors.ts'

/** The small file that stands in git for a dataset: which version of it belongs to this commit. */
export interface Pointer {
  /** Name of the file or folder beside it. */
  readonly path: string
  readonly kind: 'folder' | 'file'
  /** `sha256:…`: of the manifest of a folder, of the bytes of a file. */
  readonly version: string
  readonly files: number
  readonly bytes: number
  /** A single file that may be run. */
  readonly executable?: boolean
}

export const POINTER_ENDING = '.orrery.yaml'

export const pointerOf = (path: string): string => `${path}${POINTER_ENDING}`

/** YAML, one fact a line, so that a merge conflict is one line long. */
export function writePointer(pointer: Pointer): string {
  const { path, kind, version, files, bytes, executable } = pointer
  return [
    '# A dataset of Orrery. `orrery data checkout` brings its files here; `orrery data add` writes this file.',
    `path: ${JSON.stringify(path)}`,
    `kind: ${kind}`,
    `version: ${version}`,
    ...(kind === 'folder' ? [`files: ${files}`] : []),
    `bytes: ${bytes}`,
    ...(executable ? ['executable: true'] : []),
    '',
  ].join('\n')
}

/** Reads what `writePointer` writes; editors may have moved lines or dropped quotes. */
export function readPointer(text: string, file: string): Pointer {
  const facts = new Map<string, string>()
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^(<{7}|={7}|>{7})/.test(line)) throw new PointerBroken(file, `line ${i + 1} is of an unfinished merge`)
    if (/^\s*(#|$)/.test(line)) continue
    const fact = /^([a-z_]+):\s+(\S.*?)\s*$/.exec(line)
    if (!fact) throw new PointerBroken(file, `line ${i + 1} is no "name: value"`)
    facts.set(fact[1]!, fact[2]!)
  }
  const version = facts.get('version') ?? ''
  if (!/^sha256:[0-9a-f]{64}$/.test(version))
    throw new PointerBroken(file, 'its version is not "sha256:" and 64 hex digits')
  const kind = facts.get('kind') ?? ''
  if (kind !== 'folder' && kind !== 'file') throw new PointerBroken(file, 'its kind is neither folder nor file')
  const path = unquoted(facts.get('path') ?? '')
  if (path === '' || path === '.' || path === '..' || /[/\\\0\n]/.test(path))
    throw new PointerBroken(file, 'its path is not the name of a file or folder beside it')
  const count = (name: string, otherwise: number) => {
    const value = Number(facts.get(name) ?? otherwise)
    if (!Number.isSafeInteger(value) || value < 0) throw new PointerBroken(file, `its ${name} is no whole number`)
    return value
  }
  const executable = facts.get('executable') === 'true'
  return { path, kind, version, files: count('files', 1), bytes: count('bytes', 0), ...(executable && { executable }) }
}

function unquoted(value: string): string {
  if (value.startsWith("'")) return value.slice(1, -1).replaceAll("''", "'")
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return ''
  }
}
