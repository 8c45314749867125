import { dirname, join } from 'node:path'
import { compileCondition, ExpressionInvalid, ProgramBuilder, programSql, readExpression } from '#preparation'
import type { PrepareStep } from '#projects/contract'
import { type Duck, withDuck } from '../duckdb.ts'
import { MemoryExceeded, StepRefused } from '../errors.ts'
import { eventTime, storedTypes } from '../event-time.ts'
import { asText } from '../expectations/cells.ts'
import { rowCount } from '../frame.ts'
import type { Holds } from '../read/raw-table.ts'
import { checkSelect, SqlRefused } from '../sandbox/select.ts'
import { placeOfKeySql } from '../split.ts'
import { name, numberedParquet, parquet } from '../sql.ts'
import { writeParquet } from '../write-parquet.ts'
import { refuseLeaks } from './leaks.ts'
import type { TableStepsRequest } from './request.ts'

/** Rows that a step may make of the rows it got: a product of tables is a mistake long before it fills the disk. */
const MOST_ROWS = 200_000_000
const MOST_FOLD = 100
/** Of what does not fit memory, on disk. */
const SPILL_MB = 8_192

/**
 * The steps that make rows, one after the other, each to a table of its own.
 *
 * @returns the path of the last one
 * @throws StepRefused
 */
export async function runTableSteps(request: TableStepsRequest): Promise<string> {
  const { steps, folder, others } = request
  const files = [...others.values()].map((one) => dirname(one.path))
  const options = {
    folders: [...new Set([dirname(request.parquetPath), folder, ...files])],
    spillTo: folder,
    spillMb: SPILL_MB,
    // One thread adds numbers up in one order: the same rows make the same table.
    threads: 1,
    memoryMb: request.memoryMb,
  }
  return withDuck(options, async (duck) => {
    let path = request.parquetPath
    for (const [i, step] of steps.entries()) {
      const to = join(folder, `step-${i + 1}.parquet`)
      await inWords(i, () => runStep(duck, step, path, to, request))
      path = to
    }
    return path
  })
}

/** What went wrong, with the number of the step. */
export async function inWords<T>(step: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SqlRefused) throw new StepRefused(step, error.why, error.todo)
    if (error instanceof ExpressionInvalid) throw new StepRefused(step, error.message, error.todo)
    if (error instanceof StepProblem) throw new StepRefused(step, error.message, error.todo)
    if (error instanceof MemoryExceeded)
      throw new StepRefused(step, 'it takes more memory than it may', 'Make fewer or smaller cells of each row.')
    const said =
      error instanceof Error
        ? /^(Binder|Catalog|Parser|Conversion|Invalid Input|Out of Range) Error: (.*)/.exec(error.message)
        : null
    if (said) throw new StepRefused(step, said[2]!.replace(/[.!]$/, ''), 'Look at the names and types of its columns.')
    throw error
  }
}

class StepProblem extends Error {
  readonly todo: string
  constructor(message: string, todo: string) {
    super(message)
    this.todo = todo
  }
}

async function runStep(duck: Duck, step: PrepareStep, from: string, to: string, request: TableStepsRequest) {
  const before = await rowCount(duck, from)
  const most = Math.min(MOST_ROWS, MOST_FOLD * Math.max(before, 10_000))
  const { query, columns } = await asStored(duck, await queryOf(duck, step, from, request))
  await writeParquet(duck, `SELECT * FROM (${query}) LIMIT ${most + 1}`, to, columns)
  const rows = await rowCount(duck, to)
  if (rows > most)
    throw new StepProblem(
      `it makes more than ${most.toLocaleString('en-US')} rows of ${before.toLocaleString('en-US')}`,
      'Look at the keys of its join: each pair of rows that match is a row.',
    )
  if (rows === 0) throw new StepProblem('no row is left', 'Look at its condition.')
  if (step.sql !== undefined) await refuseLeaks(duck, { sql: query, written: step.sql, from, to, request })
}

const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL(\(.*\))?)$/
const TEXT = /^(VARCHAR|BOOLEAN|UUID|ENUM\(.*\)|TIME|INTERVAL)$/

/** A query whose columns are as tables are stored: numbers, times and texts. */
async function asStored(duck: Duck, query: string): Promise<{ query: string; columns: number }> {
  const described = await duck.rows<{ column_name: string; column_type: string }>(
    `SELECT column_name, column_type FROM (DESCRIBE ${query})`,
  )
  const cells = described.map(({ column_name: column, column_type: type }) => {
    if (NUMBER.test(type)) return `nullif(${name(column)}::DOUBLE, 'NaN'::DOUBLE) AS ${name(column)}`
    if (/^(TIMESTAMP.*|DATE)$/.test(type) && !type.endsWith(']')) return `${name(column)}::TIMESTAMP AS ${name(column)}`
    if (TEXT.test(type)) return `nullif(${name(column)}::VARCHAR, '') AS ${name(column)}`
    if (type === '"NULL"') return `NULL::VARCHAR AS ${name(column)}`
    throw new StepProblem(`its column "${column}" holds ${type}, which is no single value`, 'Take one value out of it.')
  })
  return { query: `SELECT ${cells.join(', ')} FROM (${query}\n)`, columns: described.length }
}

async function queryOf(duck: Duck, step: PrepareStep, from: string, request: TableStepsRequest): Promise<string> {
  const types = await storedTypes(duck, parquet(from))
  if (step.sql !== undefined) {
    await openTables(duck, from, request)
    await checkSelect(duck, step.sql, [request.dataset, ...request.others.keys()])
    return plainSql(step.sql)
  }
  if (step.filter !== undefined) return filtered(parquet(from), types, step.filter)
  if (step.join) return joined(duck, step.join, from, types, request)
  if (step.aggregate) return aggregated(step.aggregate, from, types)
  if (step.resample) return resampled(step.resample, from, types, request)
  if (step.sample) return sampled(step.sample, from, types)
  throw new TypeError(`no step that makes rows: ${Object.keys(step).join(', ')}`)
}

const plainSql = (sql: string) => sql.trim().replace(/;$/, '')

/** The tables that a query may read, under their names. */
export async function openTables(
  duck: Duck,
  from: string,
  { dataset, others }: Pick<TableStepsRequest, 'dataset' | 'others'>,
): Promise<void> {
  const view = (called: string, path: string) =>
    duck.run(`CREATE OR REPLACE TEMP VIEW ${name(called)} AS SELECT * FROM ${parquet(path)}`)
  for (const [called, other] of others) await view(called, other.path)
  await view(dataset, from)
}

/** The rows of a relation for which an expression holds. */
export function filtered(relation: string, types: ReadonlyMap<string, Holds>, expression: string): string {
  const inputs = [...types].flatMap(([column, holds]) =>
    holds === 'time' ? [] : [{ name: column, kind: holds === 'number' ? ('number' as const) : ('text' as const) }],
  )
  const builder = new ProgramBuilder(inputs)
  const condition = compileCondition(readExpression(expression), {
    add: (node) => builder.add(node),
    nodes: builder.nodes,
    column: (column) => builder.column(column),
    all: () => builder.all(),
  })
  const node = builder.add({ op: 'flag', of: [condition] })
  for (const column of builder.all()) builder.drop(column.name)
  builder.set('holds', 'number', node)
  const columns = [...types.keys()]
  return `SELECT ${columns.map(name).join(', ')} FROM (${programSql(builder.program(), relation, columns)}) WHERE p0 = 1`
}

async function joined(
  duck: Duck,
  step: NonNullable<PrepareStep['join']>,
  from: string,
  types: ReadonlyMap<string, Holds>,
  { spec, others }: TableStepsRequest,
): Promise<string> {
  const other = others.get(step.with)
  if (!other) throw new StepProblem(`the data set "${step.with}" was not read`, 'Name a data set of the project.')
  const theirs = await storedTypes(duck, parquet(other.path))
  for (const key of [...step.on, ...(step.as_of ? [step.as_of] : [])])
    if (!theirs.has(key))
      throw new StepProblem(`"${step.with}" has no column "${key}"`, `It has ${[...theirs.keys()].join(', ')}.`)
  for (const key of step.on)
    if (!types.has(key))
      throw new StepProblem(`there is no column "${key}"`, `There are ${[...types.keys()].join(', ')}.`)
  const taken =
    step.columns ?? [...theirs.keys()].filter((column) => !step.on.includes(column) && column !== step.as_of)
  const twice = taken.find((column) => [...types.keys()].some((own) => own.toLowerCase() === column.toLowerCase()))
  if (twice)
    throw new StepProblem(
      `both tables have a column "${twice}"`,
      'List the others under `columns`, or rename it with `sql`.',
    )
  const lacking = taken.find((column) => !theirs.has(column))
  if (lacking)
    throw new StepProblem(`"${step.with}" has no column "${lacking}"`, `It has ${[...theirs.keys()].join(', ')}.`)
  const key = (alias: string, holds: ReadonlyMap<string, Holds>) => (column: string) =>
    asText(`${alias}.${name(column)}`, holds.get(column)!)
  const same = step.on.map((column) => `${key('own', types)(column)} = ${key('other', theirs)(column)}`)
  const selected = [
    ...[...types.keys()].map((column) => `own.${name(column)}`),
    ...taken.map((column) => `other.${name(column)}`),
  ]
  const kind = step.kind === 'inner' ? '' : 'LEFT '
  const own = `(SELECT *, ${step.as_of ? eventTime(spec.time!, types) : '0'} AS "·time" FROM ${numberedParquet(from)}) AS own`
  if (step.as_of) {
    const moment = eventTime([step.as_of], theirs)
    const right = `(SELECT *, ${moment} AS "·since" FROM ${parquet(other.path)} WHERE ${moment} IS NOT NULL) AS other`
    return `SELECT ${selected.join(', ')} FROM ${own} ASOF ${kind}JOIN ${right} ON ${same.join(' AND ')} AND own."·time" >= other."·since" ORDER BY own.file_row_number`
  }
  await refuseRepeatedKeys(duck, step, other.path)
  return `SELECT ${selected.join(', ')} FROM ${own} ${kind}JOIN ${parquet(other.path)} AS other ON ${same.join(' AND ')} ORDER BY own.file_row_number`
}

async function refuseRepeatedKeys(duck: Duck, { on, with: set }: NonNullable<PrepareStep['join']>, path: string) {
  const [twice] = await duck.rows<{ often: number } & Record<string, unknown>>(
    `SELECT ${on.map(name).join(', ')}, count(*) AS often FROM ${parquet(path)} WHERE ${on.map((column) => `${name(column)} IS NOT NULL`).join(' AND ')} GROUP BY ALL HAVING count(*) > 1 LIMIT 1`,
  )
  if (twice)
    throw new StepProblem(
      `"${set}" has ${twice.often} rows where ${on.map((column) => `${column} is ${String(twice[column])}`).join(', ')}, and each row here would become as many`,
      'Make them one before with `aggregate` in that data set, or add `as_of` where they follow in time.',
    )
}

const AGGREGATES: Record<string, (cell: string) => string> = {
  sum: (cell) => `sum(${cell})`,
  mean: (cell) => `avg(${cell})`,
  min: (cell) => `min(${cell})`,
  max: (cell) => `max(${cell})`,
  median: (cell) => `median(${cell})`,
  std: (cell) => `stddev_samp(${cell})`,
  first: (cell) => `first(${cell} ORDER BY file_row_number)`,
  last: (cell) => `last(${cell} ORDER BY file_row_number)`,
  distinct: (cell) => `count(DISTINCT ${cell})::DOUBLE`,
  missing: (cell) => `(count(*) - count(${cell}))::DOUBLE`,
}

function aggregates(columns: Readonly<Record<string, string>>, types: ReadonlyMap<string, Holds>): string[] {
  return Object.entries(columns).map(([made, written]) => {
    if (written === 'count()') return `count(*)::DOUBLE AS ${name(made)}`
    const [, called, column] = /^(\w+)\((.*)\)$/.exec(written)!
    if (!types.has(column!.trim()))
      throw new StepProblem(`there is no column "${column}"`, `There are ${[...types.keys()].join(', ')}.`)
    return `${AGGREGATES[called!]!(name(column!.trim()))} AS ${name(made)}`
  })
}

function known(columns: readonly string[], types: ReadonlyMap<string, Holds>): string[] {
  const missing = columns.find((column) => !types.has(column))
  if (missing) throw new StepProblem(`there is no column "${missing}"`, `There are ${[...types.keys()].join(', ')}.`)
  return columns.map(name)
}

function aggregated(
  step: NonNullable<PrepareStep['aggregate']>,
  from: string,
  types: ReadonlyMap<string, Holds>,
): string {
  const by = known(step.by, types)
  return `SELECT ${[...by, ...aggregates(step.columns, types)].join(', ')} FROM ${numberedParquet(from)} GROUP BY ${by.join(', ')} ORDER BY ${by.join(', ')}`
}

/** A row has the time at which its period ends: before that, nobody knew what is in it. */
function resampled(
  step: NonNullable<PrepareStep['resample']>,
  from: string,
  types: ReadonlyMap<string, Holds>,
  { spec }: TableStepsRequest,
): string {
  const by = known(step.by ?? [], types)
  const [time] = spec.time!
  const moment = eventTime([time!], types)
  const end = `make_timestamp(((floor(${moment} / ${step.every}) + 1) * ${step.every} * 1000)::BIGINT)`
  const rows = `(SELECT *, ${end} AS "·end" FROM ${numberedParquet(from)})`
  const order = ['"·end"', ...by].join(', ')
  return `SELECT ${[`"·end" AS ${name(time!)}`, ...by, ...aggregates(step.columns, types)].join(', ')} FROM ${rows} GROUP BY ${order} ORDER BY ${order}`
}

function sampled(
  { share, by, seed }: NonNullable<PrepareStep['sample']>,
  from: string,
  types: ReadonlyMap<string, Holds>,
): string {
  const [column] = known(by === undefined ? [] : [by], types)
  const key = column ? `coalesce(${asText(column, types.get(by!)!)}, '·' || file_row_number)` : 'file_row_number'
  return `SELECT * EXCLUDE (file_row_number) FROM ${numberedParquet(from)} WHERE ${placeOfKeySql(seed, key)} < ${share} ORDER BY file_row_number`
}
