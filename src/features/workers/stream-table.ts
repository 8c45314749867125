/** The child process that appends what a stream told to the table of what it told before. */
import { dirname, join } from 'node:path'
import { type Duck, type IngestedTable, ingestTable, makeFolder, withDuck } from '#data'
import { serveAsChild } from '#platform/process'
import type { ViewDefinition } from '../definition.ts'
import { typesOf } from '../relation.ts'
import { name, text } from '../sql.ts'

export interface StreamTableInput {
  readonly view: ViewDefinition
  /** The table so far. */
  readonly base: string | null
  /** JSON lines: keys `k0…`, event time `e` and created `c` in µs, features `f0…`. */
  readonly lines: string
  /** Where files are left. */
  readonly folder: string
}

serveAsChild<StreamTableInput>(async ({ view, base, lines, folder: wanted }, progress): Promise<IngestedTable> => {
  const folder = await makeFolder(wanted)
  const told = join(folder, 'stream.parquet')
  const types = [
    ...view.entities.map((_, i) => [`k${i}`, 'VARCHAR']),
    ...[['e', 'BIGINT']],
    ...[['c', 'BIGINT']],
    ...view.columns.map(({ type }, i) => [`f${i}`, type === 'number' ? 'DOUBLE' : 'VARCHAR']),
  ]
  const columns = [
    ...view.entities.map((key, i) => `k${i} AS ${name(key)}`),
    `make_timestamp(e) AS ${name(view.time)}`,
    ...(view.created === null ? [] : [`make_timestamp(c) AS ${name(view.created)}`]),
    ...view.columns.map((column, i) => `f${i} AS ${name(column.name)}`),
  ]
  const fresh = `SELECT ${columns.join(', ')} FROM read_json(${text(lines)}, format = 'newline_delimited',
    columns = {${types.map(([column, type]) => `${column}: '${type}'`).join(', ')}})`
  const folders = [...new Set([folder, dirname(lines), ...(base === null ? [] : [dirname(base)])])]
  progress('appending what was told')
  await withDuck({ folders, spillTo: folder }, async (duck) => {
    const before = base === null ? '' : `${await selectOf(duck, view, base)} UNION ALL BY NAME `
    await duck.run(`COPY (${before}${fresh}) TO ${text(told)} (FORMAT parquet)`)
  })
  // A key that looks like a number today may have letters tomorrow.
  const texts = [...view.entities, ...view.columns.flatMap((column) => (column.type === 'text' ? [column.name] : []))]
  const spec = {
    source: told,
    columns: Object.fromEntries(texts.map((column) => [column, { type: 'text' as const, missing: [] }])),
  }
  return ingestTable({ spec, folder, target: folder, progress })
})

/** The table so far, its columns as the view has them now: an earlier version may have had others. */
async function selectOf(duck: Duck, view: ViewDefinition, base: string): Promise<string> {
  const from = `read_parquet(${text(base)})`
  const there = await typesOf(duck, from)
  const wanted = [
    ...view.entities.map((key) => [key, 'VARCHAR'] as const),
    ...[view.time, ...(view.created === null ? [] : [view.created])].map((column) => [column, 'TIMESTAMP'] as const),
    ...view.columns.map((column) => [column.name, column.type === 'number' ? 'DOUBLE' : 'VARCHAR'] as const),
  ]
  const changed = wanted.filter(([column, type]) => there.has(column) && there.get(column) !== type)
  if (changed.length === 0) return `SELECT * FROM ${from}`
  const casts = changed.map(([column, type]) => `TRY_CAST(${name(column)} AS ${type}) AS ${name(column)}`)
  return `SELECT * REPLACE (${casts.join(', ')}) FROM ${from}`
}
