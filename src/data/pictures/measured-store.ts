import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Measured } from '#pictures'

/** Grows when pictures are measured otherwise: what was measured before is measured again. */
export const METHOD = 3

/** What was measured of pictures, by their hash: it holds for ever, in whatever dataset they are. */
export interface MeasuredStore {
  /** Durable when it returns. */
  keep(measured: ReadonlyMap<string, Measured>): void
  thumbnail(hash: string): Uint8Array | undefined
  keepThumbnails(thumbnails: ReadonlyMap<string, Uint8Array>): void
  close(): void
}

/** Of a hash's 64 hexadecimal digits, and of the perceptual hash; `problem` where it could not be measured. */
const TABLES = `
  create table if not exists measured (
    id integer primary key, hash blob not null unique,
    format text, width integer, height integer, orientation integer, grey integer, alpha integer,
    brightness real, contrast real, sharpness real, high integer, low integer, look blob, personal text,
    problem text, reason text
  );
  create table if not exists thumbnails (hash blob primary key, jpeg blob not null) without rowid`

export const measuredFile = ({ folder }: { readonly folder: string }): string => join(folder, 'data', 'pictures.db')

export function openMeasuredStore(file: string): MeasuredStore {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: 60_000 })
  database.exec('pragma journal_mode = wal; pragma synchronous = normal')
  inTransaction(database, () => {
    const { user_version: method } = database.prepare('pragma user_version').get() as { user_version: number }
    if (method === METHOD) return
    // The first method's table was called `pictures`.
    database.exec('drop table if exists pictures; drop table if exists measured; drop table if exists thumbnails')
    database.exec(TABLES)
    database.exec(`pragma user_version = ${METHOD}`)
  })
  const insert = database.prepare(
    `insert or ignore into measured (hash, format, width, height, orientation, grey, alpha, brightness, contrast, sharpness,
      high, low, look, personal, problem, reason) values (unhex(?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const find = database.prepare('select jpeg from thumbnails where hash = unhex(?)')
  const insertThumbnail = database.prepare('insert or ignore into thumbnails (hash, jpeg) values (unhex(?), ?)')
  return {
    keep: (measured) =>
      inTransaction(database, () => {
        for (const [hash, facts] of measured) insert.run(hash, ...valuesOf(facts))
      }),
    thumbnail: (hash) => (find.get(hash) as { jpeg: Uint8Array } | undefined)?.jpeg,
    keepThumbnails: (thumbnails) =>
      inTransaction(database, () => {
        for (const [hash, jpeg] of thumbnails) insertThumbnail.run(hash, jpeg)
      }),
    close: () => database.close(),
  }
}

function valuesOf(facts: Measured): (string | number | Uint8Array | null)[] {
  if ('problem' in facts) return [...Array.from({ length: 13 }, () => null), facts.problem, facts.reason]
  const { format, width, height, orientation, grey, alpha, brightness, contrast, sharpness, hash, look } = facts
  const bits = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
  return [
    ...[format, width, height, orientation, Number(grey), Number(alpha), brightness, contrast, sharpness],
    ...[bits.getUint32(0), bits.getUint32(4), look, facts.personal.join()],
    null,
    null,
  ]
}

export function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('begin immediate')
  try {
    work()
    database.exec('commit')
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
