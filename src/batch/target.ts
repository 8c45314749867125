import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Target } from './committed.ts'
import { BatchTargetInvalid } from './errors.ts'
import type { PartManifest } from './plan.ts'
import { literal } from './rows.ts'
import { openPostgresTarget } from './target-postgres.ts'
import { openSqliteTarget } from './target-sqlite.ts'

/** What an output is, as it was written. */
export type TargetAddress =
  | { readonly kind: 'parquet'; readonly path: string }
  | { readonly kind: 'sqlite'; readonly path: string; readonly table: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly table: string }

/** @throws BatchTargetInvalid */
export function parseTarget(into: string, table: string): TargetAddress {
  if (/^postgres(ql)?:\/\//.test(into)) return { kind: 'postgres', url: into, table }
  if (into.startsWith('sqlite:')) return { kind: 'sqlite', path: into.replace(/^sqlite:(\/\/)?/, ''), table }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(into) || !into.endsWith('.parquet'))
    throw new BatchTargetInvalid(
      `"${withoutPassword(into)}" is no output`,
      'Write a path that ends in .parquet, sqlite:<path>, or postgres://user@host/database.',
    )
  return { kind: 'parquet', path: into }
}

/** As people and pages may see it. */
export const withoutPassword = (address: string) => address.replace(/(:\/\/[^:/@]*):[^@]*@/, '$1:***@')

/** @param folder of the job: parts of a file wait there until all are done */
export async function openTarget(address: TargetAddress, job: string, folder: string): Promise<Target> {
  if (address.kind === 'sqlite') return openSqliteTarget(address.path, address.table, job)
  if (address.kind === 'postgres') return openPostgresTarget(withVariables(address.url), address.table, job)
  return openFileTarget(address.path, job, join(folder, 'parts'))
}

const VARIABLE = /\$\{([^}]*)\}/g

/** Variables of the server that are meant for this, so that a password need not be written down; no others. */
function withVariables(url: string): string {
  return url.replace(VARIABLE, (_, name: string) => {
    const value = name.startsWith('ORRERY_BATCH_') ? process.env[name] : undefined
    if (value === undefined)
      throw new BatchTargetInvalid(
        `\${${name.slice(0, 60)}} is not set where the server runs`,
        'Start the server with a variable whose name begins with ORRERY_BATCH_, and write that.',
      )
    return encodeURIComponent(value)
  })
}

const manifestOf = (part: number) => `${String(part).padStart(8, '0')}.json`
const fileOf = (part: number) => `${String(part).padStart(8, '0')}.parquet`

async function openFileTarget(path: string, job: string, parts: string): Promise<Target> {
  await mkdir(parts, { recursive: true })
  return {
    committed: async () => {
      const found = new Map<number, PartManifest>()
      for (const name of await readdir(parts)) {
        if (!/^\d+\.json$/.test(name)) continue
        const manifest: PartManifest = JSON.parse(await readFile(join(parts, name), 'utf8'))
        found.set(manifest.part, manifest)
      }
      return found
    },
    commit: async (duck, answers, manifest) => {
      const at = join(parts, fileOf(manifest.part))
      await duck.run(`COPY (${answers}) TO ${literal(at)} (FORMAT parquet, COMPRESSION uncompressed)`)
      await sync(at)
      // The manifest last: it is what says that the part is there.
      const aside = join(parts, `${manifestOf(manifest.part)}.new`)
      await writeFile(aside, JSON.stringify(manifest), { flush: true })
      await rename(aside, join(parts, manifestOf(manifest.part)))
      await sync(parts)
    },
    finish: async (duck) => {
      const files = (await readdir(parts)).filter((name) => name.endsWith('.parquet')).sort()
      const list = files.map((name) => literal(join(parts, name))).join(', ')
      const aside = `${path}.${job}`
      try {
        await duck.run(`COPY (SELECT * FROM read_parquet([${list}])) TO ${literal(aside)} (FORMAT parquet)`)
        await sync(aside)
        await rename(aside, path)
        await sync(dirname(path))
      } catch (error) {
        await rm(aside, { force: true })
        throw error
      }
    },
    close: async () => {},
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** @throws BatchTargetInvalid when the file is there, or its folder is not */
export async function refuseTaken(address: TargetAddress, overwrite: boolean): Promise<void> {
  if (address.kind === 'postgres') return
  const folder = await stat(dirname(address.path)).catch(() => undefined)
  if (!folder?.isDirectory())
    throw new BatchTargetInvalid(`there is no folder ${dirname(address.path)}`, 'Make it, or name another.')
  if (address.kind === 'sqlite' || overwrite) return
  if (await stat(address.path).catch(() => undefined))
    throw new BatchTargetInvalid(`${address.path} is there already`, 'Name another file, or ask to overwrite this one.')
}
