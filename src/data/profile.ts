import { type ColumnFacts, tellsRowsApart } from './column-facts.ts'
import type {
  ColumnFlag,
  ColumnProfile,
  ColumnSchema,
  LabelFacts,
  Leakage,
  Profile,
  TableSchema,
  TimeProfile,
} from './contract.ts'
import { deeperFlags, depthOf } from './depth.ts'
import type { Duck } from './duckdb.ts'
import { readFrameWith } from './frame.ts'
import { findLeakage } from './leakage.ts'
import { type Sample, withSample } from './sample.ts'
import { name, parquet } from './sql.ts'
import { categoryProfiles, estimatesOf, numberProfiles } from './statistics.ts'

/** Cells that leakage is looked for in: enough rows of a narrow table, fewer of a wide one. */
const LEAKAGE_CELLS = 1_000_000
const LEAKAGE_ROWS = 10_000
const DAY = 86_400_000
const PERIODS = [DAY, 7 * DAY, 28 * DAY, 364 * DAY] as const
const MOST_PERIODS = 1_000

/** More categories than this, or hardly a repetition, and a category says little. */
const MANY_CATEGORIES = 1_000

interface ProfileInput {
  rows: number
  schema: TableSchema
  facts: readonly ColumnFacts[]
  label: LabelFacts | null
  time: TimeProfile | null
  /** Columns that may be features: where leakage is looked for. */
  features: readonly string[]
  /** Of the version before. */
  previous?: TableSchema | undefined
}

/**
 * Describes every column, the label and the rows over time. Needs a few scans over the stored table and memory for a
 * sample of it.
 */
export async function profileTable(duck: Duck, path: string, input: ProfileInput): Promise<Profile> {
  const { rows, facts } = input
  return withSample(duck, path, { rows, columns: facts.length }, (sample) => profileWith(duck, path, sample, input))
}

async function profileWith(duck: Duck, path: string, sample: Sample, input: ProfileInput): Promise<Profile> {
  const { rows, schema, facts, label, time, features } = input
  const numbers = await numberProfiles(duck, path, facts, sample)
  const types = new Map(schema.columns.map((column) => [column.name, column.type]))
  // The top values of an identifier say nothing and cost a table of all of them.
  const texts = facts.filter(
    (known) => known.stored === 'text' && types.get(known.name) !== 'identifier' && known.present > 0,
  )
  const categories = await categoryProfiles(duck, path, texts)
  const others = facts.filter(
    (known) => known.different === null && !numbers.has(known.name) && !categories.has(known.name),
  )
  const estimates = await estimatesOf(duck, path, others)
  const { leakage, sampled } = await lookForLeakage(duck, sample, label, features)
  const columns = schema.columns.map((column, i): ColumnProfile => {
    const known = facts[i]!
    const { distinct, ...shown } = numbers.get(column.name) ??
      categories.get(column.name) ?? { distinct: known.different ?? estimates.get(column.name)! }
    return {
      ...column,
      distinct,
      flags: flagsOf(column, { present: known.present, distinct }, rows, leakage),
      numbers: 'histogram' in shown ? shown : null,
      categories: 'top' in shown ? shown : null,
      times: known.stored === 'time' && known.min !== null ? { from: known.min, to: known.max! } : null,
    }
  })
  const stored = new Map(facts.map((known) => [known.name, known.stored]))
  const apart = facts.some((known) => tellsRowsApart(known, rows))
  const depth = await depthOf(duck, path, sample, { rows, columns, stored, apart })
  for (const column of columns) {
    const before = input.previous?.columns.find((one) => one.name === column.name)
    column.flags.push(...deeperFlags(column, rows, depth, before))
  }
  return { rows, sampled, columns, label, time, leakage, depth }
}

function flagsOf(
  column: ColumnSchema,
  known: { present: number; distinct: number },
  rows: number,
  leakage: readonly Leakage[],
): ColumnFlag[] {
  const flags: ColumnFlag[] = []
  if (known.present === 0) flags.push('empty')
  if (known.distinct === 1 && column.missing === 0 && rows > 1) flags.push('constant')
  if (column.type === 'identifier') flags.push('identifier')
  const many = known.distinct > MANY_CATEGORIES || (known.present >= 100 && known.distinct > known.present / 2)
  if (column.type === 'categorical' && many) flags.push('high_cardinality')
  if (leakage.some((one) => one.column === column.name)) flags.push('leakage')
  return flags
}

async function lookForLeakage(
  duck: Duck,
  { path, rows }: Sample,
  label: LabelFacts | null,
  features: readonly string[],
): Promise<{ leakage: Leakage[]; sampled: number }> {
  const most = Math.min(LEAKAGE_ROWS, Math.ceil(LEAKAGE_CELLS / Math.max(1, features.length)))
  const every = Math.max(1, Math.ceil(rows / most))
  if (!label || features.length === 0) return { leakage: [], sampled: Math.ceil(rows / every) }
  const { frame, target } = await readFrameWith(duck, path, { columns: features, label, rows: { every } })
  return { leakage: findLeakage(frame, target!, label), sampled: frame.rows }
}

/** When the rows happened, counted by the day; by four weeks or more where days would be too many to show. */
export function profileTime(columns: readonly string[], time: Float64Array): TimeProfile | null {
  let [from, to, ordered, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true, Number.NEGATIVE_INFINITY]
  for (const moment of time) {
    if (Number.isNaN(moment)) continue
    if (moment < from) from = moment
    if (moment > to) to = moment
    if (moment < last) ordered = false
    last = moment
  }
  if (from > to) return null
  const count = (period: number) => Math.floor(to / period) - Math.floor(from / period) + 1
  const period =
    PERIODS.find((one) => count(one) <= MOST_PERIODS) ??
    PERIODS.at(-1)! * Math.ceil(count(PERIODS.at(-1)!) / MOST_PERIODS)
  const first = Math.floor(from / period)
  const rows = new Array<number>(count(period)).fill(0)
  for (const moment of time) if (!Number.isNaN(moment)) rows[Math.floor(moment / period) - first]!++
  return { columns: [...columns], from, to, ordered, period, rows }
}

const PREVIEWED_CELL = 200

/** The first rows as text. */
export async function previewOf(duck: Duck, path: string, columns: readonly string[], rows: number) {
  const cells = columns.map((column) => `CAST(${name(column)} AS VARCHAR)[:${PREVIEWED_CELL}]`)
  const shown = await duck.rows<{ cells: (string | null)[] }>(
    `SELECT [${cells.join(', ')}] AS cells FROM ${parquet(path)} LIMIT ${rows}`,
  )
  return { columns: [...columns], rows: shown.map((row) => row.cells) }
}
