/** The child process that keeps what a stream told: as a part, or with what it told before as one table. */
import { dirname, join } from 'node:path'
import { type Duck, type IngestedTable, ingestTable, makeFolder, withDuck } from '#data'
import { serveAsChild } from '#platform/process'
import type { ViewDefinition } from '../definition.ts'
import { typesOf } from '../relation.ts'
import { name, text } from '../sql.ts'

/** Rows that are to be a part of their own, or pieces that are to be one table. */
export type StreamTableInput = {
  readonly view: ViewDefinition
  /** Where files are left. */
  readonly folder: string
} & (
  | {
      /** JSON lines: keys `k0…`, event time `e` and created `c` in µs, features `f0…`. */
      readonly lines: string
    }
  | {
      /** Parquet files, the oldest first. */
      readonly pieces: readonly string[]
    }
)

export type StreamTableOutput = { part: string } | { table: IngestedTable }

serveAsChild<StreamTableInput>(async (input, progress): Promise<StreamTableOutput> => {
  const folder = await makeFolder(input.folder)
  if ('lines' in input) return { part: await writePart(input.view, input.lines, folder) }
  const { view, pieces } = input
  const told = join(folder, 'stream.parquet')
  const folders = [...new Set([folder, ...pieces.map((piece) => dirname(piece))])]
  progress('appending what was told')
  await withDuck({ folders, spillTo: folder }, async (duck) => {
    const selects: string[] = []
    for (const piece of pieces) selects.push(await selectOf(duck, view, piece))
    await duck.run(`COPY (${selects.join(' UNION ALL BY NAME ')}) TO ${text(told)} (FORMAT parquet)`)
  })
  // A key that looks like a number today may have letters tomorrow.
  const texts = [...view.entities, ...view.columns.flatMap((column) => (column.type === 'text' ? [column.name] : []))]
  const spec = {
    source: told,
    columns: Object.fromEntries(texts.map((column) => [column, { type: 'text' as const, missing: [] }])),
  }
  return { table: await ingestTable({ spec, folder, target: folder, progress }) }
})

async function writePart(view: ViewDefinition, lines: string, folder: string): Promise<string> {
  const part = join(folder, 'part.parquet')
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
  const rows = `SELECT ${columns.join(', ')} FROM read_json(${text(lines)}, format = 'newline_delimited',
    columns = {${types.map(([column, type]) => `${column}: '${type}'`).join(', ')}})`
  await withDuck({ folders: [...new Set([folder, dirname(lines)])], spillTo: folder }, (duck) =>
    duck.run(`COPY (${rows}) TO ${text(part)} (FORMAT parquet)`),
  )
  return part
}

/** A piece, its columns as the view has them now: an earlier version may have had others. */
async function selectOf(duck: Duck, view: ViewDefinition, piece: string): Promise<string> {
  const from = `read_parquet(${text(piece)})`
  const there = await typesOf(duck, from)
  const wanted = [
    ...view.entities.map((key) => [key, 'VARCHAR'] as const),
    ...[view.time, ...(view.created === null ? [] : [view.created])].map((column) => [column, 'TIMESTAMP'] as const),
    ...view.columns.map((column) => [column.name, column.type === 'number' ? 'DOUBLE' : 'VARCHAR'] as const),
  ]
  const changed = wanted.filter(([column, type]) => there.has(column) && there.get(column) !== type)
  const casts = changed.map(([column, type]) => `TRY_CAST(${name(column)} AS ${type}) AS ${name(column)}`)
  const replaced = casts.length === 0 ? '' : ` REPLACE (${casts.join(', ')})`
  const added = wanted.flatMap(([column, type]) => (there.has(column) ? [] : [`, NULL::${type} AS ${name(column)}`]))
  return `SELECT *${replaced}${added.join('')} FROM ${from}`
}
