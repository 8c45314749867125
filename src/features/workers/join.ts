/** The child process that joins features to a frame of entities. */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type IngestedTable, ingestTable, makeFolder, withDuck } from '#data'
import { asOrreryError } from '#platform/errors'
import { serveAsChild } from '#platform/process'
import { FrameUnreadable } from '../errors.ts'
import { joinTable, placeFor } from '../join-table.ts'
import { lackingIn } from '../on-demand.ts'
import { type JoinedViews, pointInTimeJoin } from '../point-in-time.ts'
import { typesOf } from '../relation.ts'
import { name, text } from '../sql.ts'

export type Cell = number | string | boolean | null

type FrameRows = readonly Readonly<Record<string, Cell>>[]

export interface JoinInput {
  readonly features: JoinedViews
  /** The views were named; else those on demand that the frame says too little for are left out. */
  readonly named: boolean
  readonly time: string
  readonly fullNames: boolean
  /** Where files are left. */
  readonly folder: string
  /**
   * A frame on disk, whose result becomes a table, or is left at `target`; the latter for one that somebody `sent`, too, which
   * is looked through first. Or one in hand, whose rows are given back.
   */
  readonly frame:
    | { readonly parquet: string }
    | { readonly parquet: string; readonly target: string; readonly sent: boolean }
    | { readonly rows: FrameRows }
}

export interface JoinedRows {
  columns: string[]
  rows: Cell[][]
}

/** `lacking`: the views that were left out, each with the column that the frame has not. */
export type JoinOutput = { lacking: Readonly<Record<string, string>> } & (
  | { table: IngestedTable }
  | { joined: JoinedRows }
  | { written: string }
)

serveAsChild<JoinInput>(async (asked, progress): Promise<JoinOutput> => {
  const { time, fullNames, frame } = asked
  const folder = await makeFolder(asked.folder)
  progress('joining features')
  if ('sent' in frame && frame.sent) await checkFrame(frame.parquet, folder)
  const lacking = asked.named ? {} : await lackingFor(asked, folder)
  const onDemand = asked.features.onDemand?.filter((view) => !Object.hasOwn(lacking, view.name)) ?? []
  const input = { ...asked, features: { ...asked.features, onDemand } }
  const { features } = input
  if ('rows' in frame) return { lacking, joined: await joinRows(input, frame.rows, folder) }
  if ('target' in frame) return { lacking, written: await joinFile(input, frame, folder) }
  const joined = join(folder, 'joined.parquet')
  await joinTable({ frame: { parquet: frame.parquet, time }, joined: features, fullNames, folder, target: joined })
  return { lacking, table: await ingestTable({ spec: { source: joined }, folder, target: folder, progress }) }
})

async function lackingFor({ features, frame }: JoinInput, folder: string): Promise<Readonly<Record<string, string>>> {
  const { onDemand = [] } = features
  if (onDemand.length === 0) return {}
  if ('rows' in frame) return lackingIn([...new Set(frame.rows.flatMap((row) => Object.keys(row)))], onDemand)
  const types = await withDuck({ folders: [folder, dirname(frame.parquet)] }, (duck) =>
    typesOf(duck, `read_parquet(${text(frame.parquet)})`),
  )
  return lackingIn([...types.keys()], onDemand)
}

async function joinFile(
  { features, time, fullNames }: JoinInput,
  { parquet, target }: { parquet: string; target: string },
  folder: string,
): Promise<string> {
  await joinTable({ frame: { parquet, time }, joined: features, fullNames, folder, target })
  return target
}

/** Reads every row once: a file from outside may be cut off, or say of itself what is not so. */
async function checkFrame(parquet: string, folder: string): Promise<void> {
  await withDuck({ folders: [folder], threads: 1 }, (duck) =>
    duck.run(`CREATE TEMP TABLE read AS SELECT count(COLUMNS(*)) FROM read_parquet(${text(parquet)})`),
  ).catch((error: unknown) => {
    const known = asOrreryError(error)
    throw known ? error : new FrameUnreadable(inWords(error))
  })
}

function inWords(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return line.replace(/^.*? Error: /, '').replace(/ (['"])\/.*?\1:?/g, '')
}

async function joinRows(
  { features, time, fullNames }: JoinInput,
  frame: FrameRows,
  folder: string,
): Promise<JoinedRows> {
  const parquet = join(folder, 'frame.parquet')
  const tables = features.views.flatMap((view) => Object.values(view.tables))
  const folders = [...new Set([folder, ...tables.map((file) => dirname(file)), ...(await placeFor(features.ordered))])]
  const rows = await withDuck({ folders, spillTo: folder }, async (duck) => {
    await duck.run(await frameInHand(frame, folder, parquet))
    return duck.rows<Record<string, unknown>>(
      await pointInTimeJoin(duck, { frame: { parquet, time }, ...features, fullNames, spillTo: folder }),
    )
  })
  const columns = Object.keys(rows[0] ?? {})
  return { columns, rows: rows.map((row) => columns.map((column) => cellOf(row[column]))) }
}

/** The statement that stores rows as a table: a column of numbers where all are, else of text. */
async function frameInHand(rows: readonly Readonly<Record<string, Cell>>[], folder: string, parquet: string) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const file = join(folder, 'frame.jsonl')
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'))
  const types = columns.map((column) => {
    const numbers = rows.every(
      (row) => row[column] === undefined || row[column] === null || typeof row[column] === 'number',
    )
    return `${name(column)}: '${numbers ? 'DOUBLE' : 'VARCHAR'}'`
  })
  return `COPY (SELECT * FROM read_json(${text(file)}, format = 'newline_delimited', columns = {${types.join(', ')}})) TO ${text(parquet)}`
}

function cellOf(value: unknown): Cell {
  if (value instanceof Date) return value.toISOString()
  return (value ?? null) as Cell
}
