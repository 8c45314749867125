import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { writeDurably } from '../durable.ts'
import { RemoteUnknown } from '../errors.ts'
import { s3AccessFrom } from './s3-access.ts'
import { openFolderRemote } from './folder.ts'
import type { Remote } from './remote.ts'

/** Committed, so that all who work with the repository share it; never holds a secret. */
export const REMOTES_FILE = 'orrery.remotes.yaml'

export interface RemoteAddress {
  readonly url: string
  readonly endpoint?: string
  readonly region?: string
}

export interface Remotes {
  readonly default?: string
  readonly remotes: Readonly<Record<string, RemoteAddress>>
}

export function readRemotes(root: string): Remotes {
  const file = join(root, REMOTES_FILE)
  if (!existsSync(file)) return { remotes: {} }
  const hint = 'It holds `default: <name>` and `remotes: { <name>: { url: … } }`; `orrery data remote add` writes it.'
  let written: unknown
  try {
    written = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new RemoteUnknown(`${file} is no YAML: ${(error as Error).message.split('\n')[0]}.`, hint)
  }
  const { default: first, remotes } = (written ?? {}) as { default?: unknown; remotes?: unknown }
  if (remotes === null || typeof remotes !== 'object') throw new RemoteUnknown(`${file} names no remotes.`, hint)
  const read: Record<string, RemoteAddress> = {}
  for (const [name, entry] of Object.entries(remotes)) {
    const address = typeof entry === 'string' ? { url: entry } : entry
    if (typeof address?.url !== 'string') throw new RemoteUnknown(`The remote ${name} in ${file} has no url.`, hint)
    read[name] = address
  }
  return { ...(typeof first === 'string' && { default: first }), remotes: read }
}

export function writeRemotes(root: string, remotes: Remotes): void {
  const comment =
    '# Where the versions of datasets are pushed to and pulled from. No secrets in here: it is committed.\n'
  writeDurably(join(root, REMOTES_FILE), comment + stringify(remotes))
}

/** The remote of this name or address; the default one when none is asked for. */
export async function openRemote(root: string, asked: string | undefined, env: NodeJS.ProcessEnv): Promise<Remote> {
  const known = readRemotes(root)
  const names = Object.keys(known.remotes)
  const name = asked ?? known.default ?? (names.length === 1 ? names[0] : undefined)
  if (name === undefined)
    throw new RemoteUnknown(
      names.length === 0
        ? 'This repository has no remote for its data yet.'
        : 'None of the remotes is the default one.',
      names.length === 0
        ? 'Add one: orrery data remote add store s3://bucket/prefix (or a folder, or ssh://host/path).'
        : `Name one with --remote: ${names.join(', ')}.`,
    )
  const address = known.remotes[name] ?? (/[/:]/.test(name) ? { url: name } : undefined)
  if (!address)
    throw new RemoteUnknown(`There is no remote called ${name}.`, `There are: ${names.join(', ') || 'none'}.`)
  return openAddress(root, address, env)
}

async function openAddress(root: string, address: RemoteAddress, env: NodeJS.ProcessEnv): Promise<Remote> {
  const { url } = address
  const s3 = /^s3:\/\/([^/]+)\/?(.*)$/.exec(url)
  if (s3) {
    const { openS3Remote } = await import('./s3.ts')
    const prefix = s3[2] === '' ? '' : `${s3[2]!.replace(/\/$/, '')}/`
    return openS3Remote(url, { bucket: s3[1]!, prefix, ...s3AccessFrom(address, env) })
  }
  const ssh =
    /^ssh:\/\/(?<host>[^/:]+)(?::(?<port>\d+))?(?<path>\/.+)$/.exec(url) ??
    /^(?<host>[^/:]{2,}):(?<path>[^/].*|\/(?!\/).*)$/.exec(url)
  if (ssh) {
    const { host, port, path } = ssh.groups as { host: string; port?: string; path: string }
    const { openSshRemote } = await import('./ssh.ts')
    const program = (env.ORRERY_SSH ?? 'ssh').split(/\s+/).filter(Boolean)
    return openSshRemote(url, { host, port, path }, program)
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !url.startsWith('file:///'))
    throw new RemoteUnknown(
      `${url} is no kind of remote that is known.`,
      'Use a folder, s3://bucket/prefix, or ssh://host/path.',
    )
  return openFolderRemote(resolve(root, url.replace(/^file:\/\//, '')))
}
