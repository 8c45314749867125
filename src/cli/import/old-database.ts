import type { DatabaseSync } from 'node:sqlite'
import { SourceNotMlflow } from './errors.ts'
import type { Pairs } from './source.ts'

/** Queries on a database whose tables depend on the release that made it. */
export interface OldDatabase {
  all<Row>(sql: string, ...values: (string | number)[]): Row[]
  has(table: string, column?: string): boolean
}

/** @throws SourceNotMlflow */
export function openOldDatabase(db: DatabaseSync, file: string): OldDatabase {
  const all = <Row>(sql: string, ...values: (string | number)[]) => db.prepare(sql).all(...values) as Row[]
  const columns = new Set<string>()
  try {
    const found = all<{ table: string; column: string }>(
      `select m.name as "table", c.name as "column" from sqlite_master as m, pragma_table_info(m.name) as c
       where m.type = 'table'`,
    )
    for (const { table, column } of found) columns.add(table).add(`${table}.${column}`)
  } catch (error) {
    throw new SourceNotMlflow(file, `as a database: ${(error as Error).message}`)
  }
  const has = (table: string, column?: string) => columns.has(column === undefined ? table : `${table}.${column}`)
  for (const table of ['experiments', 'runs', 'metrics', 'params', 'tags'])
    if (!has(table)) throw new SourceNotMlflow(file, `it has no table ${table}`)
  return { all, has }
}

/** Rows of a table by whom they belong to. */
export function pairsBy(rows: readonly { owner: string; key: string; value: string | null }[]): Map<string, Pairs> {
  const found = new Map<string, Pairs>()
  for (const { owner, key, value } of rows) found.set(owner, { ...found.get(owner), [key]: value ?? '' })
  return found
}
