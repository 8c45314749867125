import { dirname } from 'node:path'
import type { Column, Frame } from '#platform/table'
import { takeRows } from '#platform/table'
import type { LabelFacts } from './contract.ts'
import { type Dictionary, dictionariesOf, dictionaryFrom } from './dictionary.ts'
import { type Duck, withDuck } from './duckdb.ts'
import { ColumnsMissing } from './errors.ts'
import { eventTime, storedTypes } from './event-time.ts'
import { asText } from './expectations/cells.ts'
import type { Holds } from './read/raw-table.ts'
import { placeOfKeySql } from './split.ts'
import { name, numberedParquet, parquet, parquetFooter } from './sql.ts'

/**
 * Rows `from` (included) to `to` (not included), or each `every`-th row from the first, or the rows with these numbers in
 * this order. Numbers start at 0.
 */
export type RowSelection = RowPattern | ArrayLike<number>
export type RowPattern = { from: number; to: number } | { every: number }

export interface FrameRequest {
  columns: readonly string[]
  /** Gives `target`. */
  label?: Pick<LabelFacts, 'column' | 'task' | 'classes'> | null | undefined
  /** Gives `time`. */
  time?: readonly string[] | null | undefined
  /** Gives `places`: of the values of that column, for a split by group or hash. */
  places?: { column: string; seed: number } | undefined
  rows?: RowSelection | undefined
}

/** Rows of a version in memory. */
export interface TableSlice {
  frame: Frame
  /** Per row the index of its class or the value to predict; NaN where the label is not known. */
  target?: Float64Array
  /** Per row when it happened, ms since 1970; NaN where that is not known. */
  time?: Float64Array
  /** Per row the place of its key in [0, 1); NaN where it has none. */
  places?: Float64Array
}

/**
 * Reads columns of a stored version: numbers as they are, times as ms since 1970, text as codes into the categories of
 * the whole table (in the order of their bytes), so that any selection of rows has the same codes.
 *
 * @throws ColumnsMissing
 */
export function readFrame(path: string, request: FrameRequest): Promise<TableSlice> {
  return withDuck({ folders: [dirname(path)], threads: 1 }, (duck) => readFrameWith(duck, path, request))
}

/** As `readFrame`, in a database that is open already. */
export async function readFrameWith(duck: Duck, path: string, request: FrameRequest): Promise<TableSlice> {
  const { label, time, places, rows } = request
  const relation = parquet(path)
  const stored = await storedTypes(duck, relation)
  const more = [...(label ? [label.column] : []), ...(time ?? []), ...(places ? [places.column] : [])]
  refuseMissing([...request.columns, ...more], stored)
  const count = await rowCount(duck, path)
  const texts = request.columns.filter((column) => stored.get(column) === 'text')
  const dictionaries = await dictionariesOf(duck, relation, texts)
  const readers = request.columns.map((column) => columnReader(column, stored, dictionaries))
  const target = label && (await targetReader(duck, label, stored))
  const all = [
    ...readers,
    ...(target ? [target] : []),
    ...(places ? [placeReader(places, stored)] : []),
    ...(time?.length ? [timeReader(time, stored)] : []),
  ]

  const selected = select(count, rows)
  const values = await readColumns(duck, path, all, selected)
  const frame: Frame = { rows: selected.rows, columns: readers.map((reader, i) => reader.column(values[i]!)) }
  const listed = rows !== undefined && 'length' in rows ? rows : undefined
  return {
    frame: listed ? takeRows(frame, listed) : frame,
    ...(target && { target: pick(target.decode(values[readers.length]!), listed) }),
    ...(places && { places: pick(values[readers.length + (target ? 1 : 0)] as Float64Array, listed) }),
    ...(time?.length && { time: pick(values.at(-1) as Float64Array, listed) }),
  }
}

function refuseMissing(wanted: readonly string[], stored: ReadonlyMap<string, Holds>): void {
  const missing = wanted.filter((column) => !stored.has(column))
  if (missing.length > 0)
    throw new ColumnsMissing(missing, 'which it is read for', `It has ${[...stored.keys()].slice(0, 20).join(', ')}.`)
}

type Values = Float64Array | Int32Array

interface Reader {
  sql: string
  /** An array for all rows. */
  allocate(rows: number): Values
}

function columnReader(
  column: string,
  stored: ReadonlyMap<string, Holds>,
  dictionaries: ReadonlyMap<string, Dictionary>,
): Reader & { column(values: Values): Column } {
  const dictionary = dictionaries.get(column)
  if (!dictionary) {
    const sql = stored.get(column) === 'time' ? `epoch_us(${name(column)}) / 1000.0` : name(column)
    return {
      ...numbers(sql),
      column: (values) => ({ name: column, kind: 'numeric', values: values as Float64Array }),
    }
  }
  return {
    ...codes(dictionary),
    column: (values) => ({
      name: column,
      kind: 'categorical',
      codes: values as Int32Array,
      categories: dictionary.values,
    }),
  }
}

async function targetReader(
  duck: Duck,
  label: Pick<LabelFacts, 'column' | 'task' | 'classes'>,
  stored: ReadonlyMap<string, Holds>,
): Promise<Reader & { decode(values: Values): Float64Array }> {
  if (stored.get(label.column) === 'text') {
    const dictionary = await dictionaryFrom(duck, label.column, label.classes)
    return {
      ...codes(dictionary),
      decode: (values) => {
        // In a loop: `from` would make a list of all rows first.
        const target = new Float64Array(values.length)
        for (let i = 0; i < values.length; i++) target[i] = values[i]! < 0 ? Number.NaN : values[i]!
        return target
      },
    }
  }
  if (label.task === 'regression') return { ...numbers(name(label.column)), decode: (values) => values as Float64Array }
  const codeOf = new Map(label.classes.map((value, code) => [Number(value), code]))
  return {
    ...numbers(name(label.column)),
    decode: (values) => (values as Float64Array).map((value) => codeOf.get(value) ?? Number.NaN),
  }
}

function timeReader(columns: readonly string[], stored: ReadonlyMap<string, Holds>): Reader {
  return numbers(eventTime(columns, stored))
}

function placeReader({ column, seed }: { column: string; seed: number }, stored: ReadonlyMap<string, Holds>): Reader {
  return numbers(placeOfKeySql(seed, asText(name(column), stored.get(column)!)))
}

// Missing values are made NaN or -1 by DuckDB: asking its validity masks for each value costs ten times as much.
function numbers(sql: string): Reader {
  return { sql: `coalesce((${sql})::DOUBLE, 'NaN'::DOUBLE)`, allocate: (rows) => new Float64Array(rows) }
}

function codes(dictionary: Dictionary): Reader {
  return { sql: dictionary.codes, allocate: (rows) => new Int32Array(rows) }
}

/** The rows that are read: a listed selection is taken from the whole table afterwards. */
function select(count: number, rows: RowSelection | undefined): { where: string; rows: number } {
  if (rows === undefined || 'length' in rows) return { where: '', rows: count }
  if ('every' in rows)
    return { where: `WHERE file_row_number % ${rows.every} = 0`, rows: Math.ceil(count / rows.every) }
  const [from, to] = [Math.max(0, rows.from), Math.min(count, rows.to)]
  return { where: `WHERE file_row_number >= ${from} AND file_row_number < ${to}`, rows: Math.max(0, to - from) }
}

/** Rows of a Parquet file, from its footer. */
export async function rowCount(duck: Duck, path: string): Promise<number> {
  const { rows } = await duck.row<{ rows: number }>(`SELECT sum(num_rows)::BIGINT AS rows FROM ${parquetFooter(path)}`)
  return rows
}

async function readColumns(
  duck: Duck,
  path: string,
  readers: readonly Reader[],
  selected: { where: string; rows: number },
): Promise<Values[]> {
  const values = readers.map((reader) => reader.allocate(selected.rows))
  if (readers.length === 0) return values
  const from = numberedParquet(path)
  let row = 0
  for await (const chunk of duck.chunks(
    `SELECT ${readers.map((reader) => reader.sql).join(', ')} FROM ${from} ${selected.where}`,
  )) {
    for (let i = 0; i < readers.length; i++) {
      const { items } = chunk.getColumnVector(i) as unknown as { items: Values }
      values[i]!.set(items, row)
    }
    row += chunk.rowCount
  }
  return values
}

function pick(values: Float64Array, rows: ArrayLike<number> | undefined): Float64Array {
  return rows ? Float64Array.from(rows, (row) => values[row]!) : values
}
