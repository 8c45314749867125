import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { syncPath } from '../files/durable.ts'
import type { DescribedPicture } from './described.ts'
import { METHOD } from './measured-store.ts'

/**
 * The pictures of one version: a row each, in a database file of its own, so that a version may have more of them than memory
 * and pages, filters and totals are questions in SQL. Made anew where it is lost.
 *
 * `n` counts the pictures in the order of their paths; `measured` is where the store has what was measured, while the table is
 * made. `first` is the `n` of the first one with the same bytes; `same` and
 * `near` are the first `n` of the pictures with the same bytes, and of those that look alike; null for one that is alone.
 * `far` is how far it lies from the others by `far_by`, null for one that does not.
 */
const TABLE = `
  create table pictures (
    n integer primary key, path text not null, hash blob not null, bytes integer not null, part text, class text,
    format text, width integer, height integer, orientation integer, grey integer, alpha integer,
    brightness real, contrast real, sharpness real, high integer, low integer, personal text, problem text, reason text,
    first integer not null, measured integer not null, same integer, near integer, far real, far_by text
  );
  create table about (name text primary key, value text not null) without rowid`

const FILES = `create temp table files (
  n integer primary key, path text not null, hash blob not null, bytes integer not null, part text, class text, above text,
  first integer
)`

export interface Home {
  readonly folder: string
}

/** Where what is known of a version's pictures is kept, but for the ending. */
export const placeOfProfile = ({ folder }: Home, version: string): string =>
  join(folder, 'data', 'profiles', createHash('sha256').update(version).digest('hex').slice(0, 32))

const fileOf = (home: Home, version: string) => `${placeOfProfile(home, version)}.pictures`

/** The table of a version that was profiled to the end by the method that is in use; `undefined` where there is none. */
export function openPictureTable(home: Home, version: string): DatabaseSync | undefined {
  const file = fileOf(home, version)
  if (!existsSync(file)) return undefined
  const database = new DatabaseSync(file, { readOnly: true })
  const { user_version: method } = database.prepare('pragma user_version').get() as { user_version: number }
  if (method === METHOD) return database
  database.close()
  return undefined
}

/** A table that is being made: beside the place where it will be, and gone again unless it is finished. */
export interface NewPictureTable {
  readonly database: DatabaseSync
  /** It is whole: others see it from now on. */
  finish(): void
  close(): void
}

/** @param measured the file of `openMeasuredStore`; the tables in it are `kept` here, and the version's files `temp.files` */
export function makePictureTable(home: Home, version: string, measured: string): NewPictureTable {
  const file = fileOf(home, version)
  const aside = `${file}.${process.pid}.aside`
  mkdirSync(dirname(file), { recursive: true })
  removeLeft(file)
  const database = new DatabaseSync(aside, { timeout: 60_000 })
  database.exec('pragma journal_mode = off; pragma synchronous = off')
  database.prepare('attach ? as kept').run(measured)
  database.exec(TABLE)
  database.exec(FILES)
  let open = true
  const close = () => {
    if (open) database.close()
    open = false
  }
  return {
    database,
    finish: () => {
      database.exec(`pragma user_version = ${METHOD}`)
      close()
      syncPath(aside)
      renameSync(aside, file)
    },
    close: () => {
      close()
      rmSync(aside, { force: true })
    },
  }
}

/** Removes what processes that were killed have left of this table. */
function removeLeft(file: string): void {
  const left = readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.`))
  for (const name of left) {
    const pid = Number(/\.(\d+)\.aside$/.exec(name)?.[1])
    if (pid === process.pid || (pid > 0 && !isAlive(pid))) rmSync(join(dirname(file), name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Every picture of a table, in the order of their paths. */
export function* eachPicture(database: DatabaseSync): Generator<DescribedPicture> {
  const rows = database.prepare(`select ${DESCRIBED} from pictures order by n`).iterate()
  for (const row of rows) yield describedOf(row as unknown as PictureRow)
}

/** The columns that `describedOf` reads. */
export const DESCRIBED = `path, lower(hex(hash)) as hash, bytes, part, class, format, width, height, orientation, grey, alpha,
  brightness, contrast, sharpness, printf('%08x%08x', high, low) as look, personal, problem, reason`

export interface PictureRow {
  readonly path: string
  readonly hash: string
  readonly bytes: number
  readonly part: string | null
  readonly class: string | null
  readonly problem: string | null
}

/** A row of the columns `DESCRIBED`. */
export function describedOf(row: PictureRow): DescribedPicture {
  const { path, hash, bytes, part, class: named, problem, ...facts } = row as PictureRow & Record<string, unknown>
  const own = { path, hash, bytes, part, class: named }
  if (problem !== null) return { ...own, facts: { problem, reason: facts.reason } as never }
  const { reason: _, look, personal, grey, alpha, ...measured } = facts
  const said = personal === '' ? [] : String(personal).split(',')
  return { ...own, facts: { ...measured, hash: look, grey: grey === 1, alpha: alpha === 1, personal: said } as never }
}
