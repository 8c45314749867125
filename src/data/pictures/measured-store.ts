import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Measured } from '#pictures'

/** Grows when pictures are measured otherwise: what was measured before is measured again. */
const METHOD = 1

/** What was measured of pictures, by their hash: it holds for ever, in whatever dataset they are. */
export interface MeasuredStore {
  known(hash: string): Measured | undefined
  /** Durable when it returns. */
  keep(measured: ReadonlyMap<string, Measured>): void
  close(): void
}

export function openMeasuredStore(file: string): MeasuredStore {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: 60_000 })
  database.exec('pragma journal_mode = wal; pragma synchronous = normal')
  database.exec(
    'create table if not exists pictures (hash text, method integer, facts text, primary key (hash, method)) without rowid',
  )
  const find = database.prepare('select facts from pictures where hash = ? and method = ?')
  const insert = database.prepare('insert or replace into pictures (hash, method, facts) values (?, ?, ?)')
  return {
    known: (hash) => {
      const found = find.get(hash, METHOD) as { facts: string } | undefined
      return found && (JSON.parse(found.facts) as Measured)
    },
    keep: (measured) => {
      database.exec('begin immediate')
      try {
        for (const [hash, facts] of measured) insert.run(hash, METHOD, JSON.stringify(facts))
        database.exec('commit')
      } catch (error) {
        database.exec('rollback')
        throw error
      }
    },
    close: () => database.close(),
  }
}
