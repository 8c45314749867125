import { createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DatasetSpec, SourceDescriptor, TableSchema } from './contract.ts'
import { type Duck, makeFolder, withDuck } from './duckdb.ts'
import { ColumnsMissing, FilesDiffer, type Place, TableEmpty } from './errors.ts'
import { storedTypes } from './event-time.ts'
import { foldersOfAll, readReferences, referencesOf, resolveReferences } from './expectations/others.ts'
import { rowCount } from './frame.ts'
import { bytesOf, foldersOf, openTable, placeOfRow } from './read/open-table.ts'
import type { Holds, RawTable } from './read/raw-table.ts'
import type { Progress } from './progress.ts'
import { makeReadable, type ReadableSource } from './read/readable.ts'
import type { PrepareStep } from '#projects/contract'
import { filtered } from './prepare/table-steps.ts'
import { featureColumns } from './schema.ts'
import { resolveSource } from './source.ts'
import { name, parquet } from './sql.ts'
import { describeTable, duckOptionsFor, type StoredTable } from './store-table.ts'
import { mendPlan, type PlannedColumn, planColumns, storedValue } from './types.ts'
import { writeParquet } from './write-parquet.ts'

/** A row as JSON has it. A key that is absent, or `null`, is a missing value. */
export type RowRecord = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface AppendRequest {
  /** The version that the rows are added to. */
  base: { parquetPath: string; schema: TableSchema }
  /** The new rows, or the path of a JSON lines, CSV or Parquet file of them. */
  rows: Iterable<RowRecord> | AsyncIterable<RowRecord> | string
  /** Where they come from, in words: "the prediction log". */
  from: string
  spec: Omit<DatasetSpec, 'source'>
  /** Folder that `table.parquet` is written to. */
  target: string
  /** The project's folder, where other tables lie that expectations refer to; that of the version when absent. */
  folder?: string
  memoryMb?: number
  progress?: Progress
}

export interface AppendedTable extends StoredTable {
  source: SourceDescriptor & { kind: 'appended' }
}

/**
 * A new table: the rows of a version, then the new ones, in the version's columns and types. New rows need every
 * feature, the label and the time; identifiers and ignored columns may be absent, and keys that the version does not
 * have are left out.
 *
 * @throws TableEmpty, ColumnsMissing, SchemaSkew and what reading and describing a table throw
 */
export async function appendRows(request: AppendRequest): Promise<AppendedTable> {
  const target = await makeFolder(request.target)
  const { base, progress } = request
  const spec: DatasetSpec = { ...request.spec, source: request.from }
  progress?.('reading new rows')
  const source = await newRows(request, target)
  const added = await openTable(source, spec.ignore ?? [])
  refuseMissing(added, base.schema, spec)
  const references = referencesOf(spec.expect ?? [])
  const folder = request.folder ?? dirname(base.parquetPath)
  const others = await resolveReferences(references, { folder, downloads: target })
  const options = {
    folders: [...foldersOf(source), ...foldersOfAll(others), dirname(base.parquetPath), target],
    spillTo: target,
    memoryMb: request.memoryMb,
    ...duckOptionsFor(base.schema.columns.length, (await stat(base.parquetPath)).size + bytesOf(source)),
  }
  const path = join(target, 'table.parquet')
  return withDuck(options, async (duck) => {
    try {
      const before = await rowCount(duck, base.parquetPath)
      await writeBoth(duck, base.parquetPath, added, path, spec, base.schema)
      const described = await describeTable(duck, path, {
        spec,
        previous: base.schema,
        progress,
        others: await readReferences(duck, references, others),
        placeOf: (row) => placeOfBoth(duck, added, before, row),
      })
      return { ...described, source: { kind: 'appended', source: request.from, rows: described.rows - before } }
    } catch (error) {
      throw added.explain(error)
    }
  })
}

/** The file of new rows; records that were handed over are known to people by where they came from, not by a file. */
async function newRows({ rows, from, spec }: AppendRequest, folder: string): Promise<ReadableSource> {
  const handedOver = typeof rows !== 'string'
  const file = handedOver ? await writeRecords(rows, folder) : rows
  const found = await resolveSource({ source: file, folder, downloads: folder }).catch((error) => {
    throw error instanceof TableEmpty ? new TableEmpty(from, 'brought no rows') : error
  })
  const source = await makeReadable(found, { target: folder, sheet: spec.sheet, ignore: spec.ignore })
  return handedOver ? { ...source, files: source.files.map((one) => ({ ...one, name: from })) } : source
}

async function writeRecords(records: Iterable<RowRecord> | AsyncIterable<RowRecord>, folder: string): Promise<string> {
  const path = join(folder, 'added.jsonl')
  async function* lines() {
    for await (const record of records) yield `${JSON.stringify(record)}\n`
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
  return path
}

function refuseMissing(added: RawTable, schema: TableSchema, spec: DatasetSpec): void {
  const there = new Set(added.columns.map((column) => column.name))
  const needed = [
    ...featureColumns(schema, spec),
    ...(spec.label === undefined ? [] : [spec.label]),
    ...(spec.time ?? []),
  ]
  const missing = [...new Set(needed)].filter((column) => !there.has(column))
  if (missing.length > 0)
    throw new ColumnsMissing(
      missing,
      'which the version has that the rows are added to',
      'Send these values with every record; one that is not known is null.',
    )
}

async function writeBoth(
  duck: Duck,
  base: string,
  added: RawTable,
  path: string,
  spec: DatasetSpec,
  schema: TableSchema,
): Promise<void> {
  const stored = await storedTypes(duck, parquet(base))
  const planned = await planColumns(duck, added, spec, schema)
  const cells = [...stored].map(([column, holds]) => {
    const plan = planned.find((one) => one.name === column)
    return `${plan ? cellAs(plan, holds, spec.source) : `NULL::${SQL_TYPES[holds]}`} AS ${name(column)}`
  })
  const fresh = `${path}.added`
  try {
    await writeParquet(duck, `SELECT ${cells.join(', ')} FROM ${added.from}`, fresh, stored.size)
    // What a recipe's rows are said to be, new ones are too.
    for (const condition of lastFilters(spec.prepare ?? []))
      await writeParquet(duck, filtered(parquet(fresh), stored, condition), fresh, stored.size)
    await writeParquet(duck, `SELECT * FROM ${parquet(base, fresh)}`, path, stored.size)
  } catch (error) {
    if (error instanceof Error && /^Conversion Error/.test(error.message))
      await mendPlan(duck, added, planned, spec.time?.[0])
    throw error
  } finally {
    await rm(fresh, { force: true })
  }
}

/** The filters behind the last step that makes other columns: they can be asked of rows that come later. */
function lastFilters(steps: readonly PrepareStep[]): string[] {
  const last = steps.findLastIndex((step) => step.sql !== undefined || step.aggregate || step.resample)
  return steps.slice(last + 1).flatMap((step) => step.filter ?? [])
}

const SQL_TYPES: Record<Holds, string> = { number: 'DOUBLE', text: 'VARCHAR', time: 'TIMESTAMP' }

/** The new cell as the version stores that column, whatever a look at the new rows alone would make of it. */
function cellAs(plan: PlannedColumn, holds: Holds, from: string): string {
  if (plan.fromText) {
    Object.assign(plan, { stored: holds, because: 'before' })
    return storedValue(plan)
  }
  if (plan.stored === holds) return storedValue(plan)
  if (plan.stored !== 'number' || holds !== 'text')
    throw new FilesDiffer('the version', from, `"${plan.name}" holds ${plan.stored} instead of ${holds}`)
  // 5 and not "5.0": as the same number is written in a CSV.
  return `CASE WHEN ${plan.cell} = floor(${plan.cell}) THEN CAST(CAST(${plan.cell} AS HUGEINT) AS VARCHAR) ELSE CAST(${plan.cell} AS VARCHAR) END`
}

function placeOfBoth(duck: Duck, added: RawTable, before: number, row: number): Promise<Place> {
  return row < before
    ? Promise.resolve({ file: 'the version before', row: row + 1 })
    : placeOfRow(duck, added, row - before)
}
