import type { DatasetSpec, TableSchema } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { MixedTypes, SchemaSkew, TimeUnreadable } from './errors.ts'
import { SAMPLE_ROWS } from './limits.ts'
import type { Holds, RawTable } from './read/raw-table.ts'
import {
  asNumber,
  asNumberIfPlain,
  asTime,
  asTimeIfPlain,
  cleaned,
  cleanedIfNeeded,
  isCode,
  isNumber,
  isTime,
  name as quoted,
} from './sql.ts'

/** How a column will be stored, and why. */
export interface PlannedColumn {
  name: string
  stored: Holds
  /** `guessed` from a sample may be wrong; `checked` saw every row; the others are what somebody or something said. */
  because: 'guessed' | 'checked' | 'declared' | 'before' | 'time' | 'native'
  /** Its cell as SQL over the raw table: trimmed, `NULL` where missing. */
  cell: string
  /** The cell as it was found, where it may be read by the short way that plain cells have. */
  raw?: string | undefined
  /** The raw cells are text, so that reading them can fail. */
  fromText: boolean
}

/** A column of numbers with a few that are none is a mistake, not text, from this share of numbers on. */
const NEARLY_ALL = 0.9

/** Columns up to which cells are read by the short way: it is made of more parts, and each takes memory for every column. */
const SHORT_WAY = 200

/** Columns judged in one statement: planning time grows with the square of a statement's length. */
const BATCH = 100

/**
 * Decides how each column is stored: as it was declared, as the previous version had it, as the file types it, or as
 * a sample of its first rows looks.
 */
export async function planColumns(
  duck: Duck,
  table: RawTable,
  spec: DatasetSpec,
  previous: TableSchema | undefined,
): Promise<PlannedColumn[]> {
  const short = table.columns.length <= SHORT_WAY
  const columns = table.columns.map(({ name, holds }, i) => {
    if (holds !== 'text') return { name, holds, cell: `c${i}` }
    const missing = spec.columns?.[name]?.missing ?? []
    if (missing.length > 0 || !short) return { name, holds, cell: cleaned(`c${i}`, missing) }
    return { name, holds, cell: cleanedIfNeeded(`c${i}`), raw: `c${i}` }
  })
  const open: number[] = []
  const planned = columns.map(({ name, holds, cell, raw }, i): PlannedColumn => {
    const base = { name, cell, raw, fromText: holds === 'text' }
    if (holds !== 'text') return { ...base, stored: holds, because: 'native' }
    const said = saidOf(name, spec, previous)
    if (!said) open.push(i)
    return { ...base, ...(said ?? { stored: 'text', because: 'guessed' }) }
  })
  const guesses = await guessFromSample(
    duck,
    table,
    open.map((i) => planned[i]!),
  )
  open.forEach((column, i) => {
    planned[column]!.stored = guesses[i]!
  })
  const time = planned.find((column) => column.name === spec.time?.[0])
  if (time?.fromText && time.stored === 'text') Object.assign(time, { stored: 'time', because: 'time' })
  return planned
}

function saidOf(
  name: string,
  spec: DatasetSpec,
  previous: TableSchema | undefined,
): Pick<PlannedColumn, 'stored' | 'because'> | undefined {
  const declared = spec.columns?.[name]?.type
  if (declared) return { stored: declared, because: 'declared' }
  if (name === spec.id) return { stored: 'text', because: 'declared' }
  const before = previous?.columns.find((column) => column.name === name)
  if (!before) return undefined
  if (before.type === 'timestamp') return { stored: 'time', because: 'before' }
  const numbers = before.type === 'numeric' || (before.type === 'identifier' && before.integer)
  return { stored: numbers ? 'number' : 'text', because: 'before' }
}

async function guessFromSample(duck: Duck, table: RawTable, columns: readonly PlannedColumn[]): Promise<Holds[]> {
  if (columns.length === 0) return []
  const rows = Math.max(200, Math.min(SAMPLE_ROWS, Math.floor(4e6 / columns.length)))
  const cells = columns.map((column, i) => `${column.cell} AS v${i}`).join(', ')
  await duck.run(`CREATE OR REPLACE TEMP TABLE sample AS SELECT ${cells} FROM ${table.from} LIMIT ${rows}`)
  const guesses: Holds[] = []
  for (let from = 0; from < columns.length; from += BATCH) {
    const counts = columns.slice(from, from + BATCH).map((_, i) => countsOf(`v${from + i}`))
    const { found } = await duck.row<{ found: Counts[] }>(`SELECT [${counts.join(', ')}] AS found FROM sample`)
    guesses.push(...found.map(guess))
  }
  await duck.run('DROP TABLE sample')
  return guesses
}

interface Counts {
  present: number
  numbers: number
  codes: number
  times: number
}

function countsOf(value: string): string {
  const count = (condition: string) => `count(*) FILTER (${value} IS NOT NULL AND ${condition})`
  return `{present: count(${value}), numbers: ${count(isNumber(value))}, codes: ${count(isCode(value))}, times: ${count(isTime(value))}}`
}

function guess({ present, numbers, codes, times }: Counts): Holds {
  if (present === 0) return 'text'
  if (times >= NEARLY_ALL * present) return 'time'
  return numbers >= NEARLY_ALL * present && codes === 0 ? 'number' : 'text'
}

/** The column's value as it is stored. Fails on a cell that is no number or no time. */
export function storedValue(column: PlannedColumn): string {
  if (!column.fromText) return column.stored === 'number' ? `nullif(${column.cell}, 'NaN'::DOUBLE)` : column.cell
  const { cell, raw } = column
  if (column.stored === 'number') return raw === undefined ? asNumber(cell) : asNumberIfPlain(raw, cell)
  if (column.stored === 'time') return raw === undefined ? asTime(cell) : asTimeIfPlain(cell)
  return cell
}

/**
 * Looks for the cells that do not fit the plan. A guessed column with many of them was text all along: it is planned as
 * text and `true` is returned. Anything else is an error that names the first such cell.
 *
 * @throws SchemaSkew, MixedTypes, TimeUnreadable
 */
export async function mendPlan(
  duck: Duck,
  table: RawTable,
  planned: readonly PlannedColumn[],
  timeColumn: string | undefined,
): Promise<boolean> {
  const suspects = planned.filter((column) => column.stored !== 'text')
  let mended = false
  for (let from = 0; from < suspects.length; from += BATCH) {
    const batch = suspects.slice(from, from + BATCH)
    const counts = batch.map((column) => `{present: count(${column.cell}), bad: count(*) FILTER (${misfit(column)})}`)
    const { found } = await duck.row<{ found: { present: number; bad: number }[] }>(
      `SELECT [${counts.join(', ')}] AS found FROM ${table.from}`,
    )
    for (const [i, column] of batch.entries()) {
      const { present, bad } = found[i]!
      if (bad === 0) continue
      if (column.because === 'guessed' && bad > (1 - NEARLY_ALL) * present) {
        Object.assign(column, { stored: 'text', because: 'checked' })
        mended = true
      } else await refuse(duck, table, column, found[i]!, timeColumn)
    }
  }
  return mended
}

function misfit(column: PlannedColumn): string {
  if (!column.fromText) return `${column.cell} IS NOT NULL AND isinf(${column.cell})`
  const fits = column.stored === 'number' ? isNumber(column.cell) : isTime(column.cell)
  return `${column.cell} IS NOT NULL AND NOT ${fits}`
}

/**
 * Columns planned as text whose stored values (or a sample of them) nearly all are numbers: the first rows, from which
 * types are guessed, were blank or odd. They are planned as numbers, to be checked like any other guess.
 */
export async function reconsiderText(duck: Duck, stored: string, planned: readonly PlannedColumn[]): Promise<boolean> {
  const suspects = planned.filter((column) => column.because === 'guessed' && column.stored === 'text')
  let changed = false
  for (let from = 0; from < suspects.length; from += BATCH) {
    const batch = suspects.slice(from, from + BATCH)
    const counts = batch.map((column) => countsOf(quoted(column.name)))
    const { found } = await duck.row<{ found: Counts[] }>(`SELECT [${counts.join(', ')}] AS found FROM ${stored}`)
    found.map(guess).forEach((holds, i) => {
      if (holds === 'text') return
      batch[i]!.stored = holds
      changed = true
    })
  }
  return changed
}

async function refuse(
  duck: Duck,
  table: RawTable,
  column: PlannedColumn,
  { present, bad }: { present: number; bad: number },
  timeColumn: string | undefined,
): Promise<never> {
  const { place, value } = await firstRow(duck, table, column.cell, misfit(column))
  if (column.name === timeColumn) throw new TimeUnreadable(column.name, place, value)
  const type = column.stored === 'number' ? 'numbers' : 'times'
  const fields = { column: column.name, place, value: value ?? '', bad, rows: present }
  if (column.because === 'before') throw new SchemaSkew({ ...fields, was: type })
  throw new MixedTypes({ ...fields, type })
}

/** The first row that meets `condition`, and its cell. */
export async function firstRow(duck: Duck, table: RawTable, cell: string, condition: string) {
  for (const [part, { from }] of table.parts.entries()) {
    const [found] = await duck.rows<{ r: number; value: string | null }>(
      `SELECT r, CAST(${cell} AS VARCHAR) AS value FROM (SELECT *, row_number() OVER () AS r FROM ${from}) WHERE ${condition} ORDER BY r LIMIT 1`,
    )
    if (found) return { place: await table.placeOf(part, found.r), value: found.value }
  }
  throw new Error(`no row of ${table.parts[0]!.file.name} meets ${condition}`)
}
