import { join } from 'node:path'
import type { DatasetSpec, SourceDescriptor, TableSchema } from './contract.ts'
import { type Duck, makeFolder, withDuck } from './duckdb.ts'
import { ColumnsMissing, LabelColumnMissing, RowMalformed, TableEmpty } from './errors.ts'
import { storedTypes } from './event-time.ts'
import { rowCount } from './frame.ts'
import { foldersOfAll, readReferences, referencesOf, resolveReferences } from './expectations/others.ts'
import { nearestColumn } from './nearest.ts'
import { withPlainLineEnds } from './read/line-ends.ts'
import { bytesOf, foldersOf, openTable, placeOfRow, refuseChangedFiles, verifySource } from './read/open-table.ts'
import type { RawTable } from './read/raw-table.ts'
import { makeReadable, type ReadableSource } from './read/readable.ts'
import { resolveSource } from './source.ts'
import type { BroughtFile } from './sources/resolved.ts'
import { name, numberedParquet, parquet } from './sql.ts'
import { type ColumnFacts, columnFacts } from './statistics.ts'
import { describeTable, duckOptionsFor, type Progress, type StoredTable } from './store-table.ts'
import { mendPlan, type PlannedColumn, planColumns, reconsiderText, storedValue } from './types.ts'
import { writeParquet } from './write-parquet.ts'

export interface IngestRequest {
  spec: DatasetSpec
  /** The project's folder: where relative sources start. */
  folder: string
  /** Folder that `table.parquet` is written to; downloads are kept beside it. */
  target: string
  /** What a server brought of a source that only it knows: an upload, its prediction log. */
  brought?: BroughtFile | undefined
  /** Schema of the version before: its columns must be there and keep their types. */
  previous?: TableSchema | undefined
  memoryMb?: number
  progress?: Progress
}

export interface IngestedTable extends StoredTable {
  source: SourceDescriptor
}

/**
 * Reads a source into a Parquet file and describes it. Needs paths only, no database, so it runs in a child process.
 * Memory does not grow with the length of the table but for a few numbers per row; time is a few scans.
 *
 * Expectations that do not hold are in the result: `stopOnFailure` makes an error of those that should stop.
 *
 * @throws the classes of `errors.ts`, each with what to do
 */
export async function ingestTable(request: IngestRequest): Promise<IngestedTable> {
  const { spec, folder, progress } = request
  const target = await makeFolder(request.target)
  progress?.('finding the source')
  const { brought } = request
  const found = await resolveSource({ ...spec, folder, brought, downloads: join(target, 'downloads') })
  progress?.('verifying the source')
  const descriptor = await verifySource(found)
  const source = await makeReadable(found, { target, sheet: spec.sheet, ignore: spec.ignore })
  const read = (files: ReadableSource) => readTable({ ...request, target }, files)
  const stored = await read(source).catch(async (error) => {
    const mended =
      error instanceof RowMalformed && source.format === 'csv' && (await withPlainLineEnds(source.files, target))
    if (!mended) throw error
    return read({ ...source, files: mended })
  })
  await refuseChangedFiles(found)
  return { ...stored, source: descriptor }
}

async function readTable(request: IngestRequest, source: ReadableSource): Promise<StoredTable> {
  const { spec, previous, target, progress } = request
  const table = await openTable(source, spec.ignore ?? [])
  refuseMissingColumns(table, spec, previous)
  const references = referencesOf(spec.expect ?? [])
  const others = await resolveReferences(references, { folder: request.folder, downloads: join(target, 'downloads') })
  const options = {
    folders: [...foldersOf(source), ...foldersOfAll(others), target],
    spillTo: target,
    memoryMb: request.memoryMb,
    ...duckOptionsFor(table.columns.length, bytesOf(source)),
  }
  const path = join(target, 'table.parquet')
  return withDuck(options, async (duck) => {
    try {
      progress?.('reading rows')
      const facts = await storeTable(duck, table, path, spec, previous)
      if ((await rowCount(duck, path)) === 0) throw new TableEmpty(source.files[0]!.name, 'has a header but no rows')
      const placeOf = (row: number) => placeOfRow(duck, table, row)
      return await describeTable(duck, path, {
        ...{ spec, previous, facts, progress, placeOf },
        others: await readReferences(duck, references, others),
      })
    } catch (error) {
      throw table.explain(error)
    }
  })
}

function refuseMissingColumns(table: RawTable, spec: DatasetSpec, previous: TableSchema | undefined): void {
  const names = table.columns.map((column) => column.name)
  const lacking = (wanted: readonly string[]) => wanted.filter((column) => !names.includes(column))
  if (spec.label !== undefined && !names.includes(spec.label))
    throw new LabelColumnMissing(spec.label, names, nearestColumn(spec.label, names))
  const gone = lacking(previous?.columns.map((column) => column.name) ?? [])
  if (gone.length > 0)
    throw new ColumnsMissing(
      gone,
      'which the version before has',
      'Bring the column back in the source; if it is gone for good, give the dataset a new name in orrery.yaml.',
    )
  const written = {
    id: spec.id === undefined ? [] : [spec.id],
    time: spec.time ?? [],
    segments: spec.segments ?? [],
    sensitive: spec.sensitive ?? [],
    split: spec.split?.column === undefined ? [] : [spec.split.column],
    columns: Object.keys(spec.columns ?? {}),
  }
  for (const [key, wanted] of Object.entries(written)) {
    const missing = lacking(wanted)
    if (missing.length === 0) continue
    const near = nearestColumn(missing[0]!, names)
    throw new ColumnsMissing(
      missing,
      `which orrery.yaml names under \`${key}\``,
      near ? `Did you mean "${near}"?` : `The columns are ${names.slice(0, 20).join(', ')}.`,
    )
  }
}

/**
 * Writes the table with types decided from a sample, and reads it again with other types where rows further down show
 * that the sample was not like them. Every round decides a column for good, so there is an end.
 */
async function storeTable(
  duck: Duck,
  table: RawTable,
  path: string,
  spec: DatasetSpec,
  previous: TableSchema | undefined,
): Promise<ColumnFacts[]> {
  const planned = await planColumns(duck, table, spec, previous)
  for (;;) {
    if (await writeAsPlanned(duck, table, path, planned)) {
      const rows = await rowCount(duck, path)
      const facts = await columnFacts(duck, path, await storedTypes(duck, parquet(path)))
      if (facts.some(isInfinite)) await mendPlan(duck, table, planned, spec.time?.[0])
      else if (!(await reconsider(duck, table, path, planned, facts, rows))) return facts
    } else if (!(await mendPlan(duck, table, planned, spec.time?.[0])))
      throw new Error('DuckDB refused cells that fit their types')
  }
}

async function writeAsPlanned(
  duck: Duck,
  table: RawTable,
  path: string,
  planned: readonly PlannedColumn[],
): Promise<boolean> {
  const cells = planned.map((column) => `${storedValue(column)} AS ${name(column.name)}`)
  try {
    await writeParquet(duck, `SELECT ${cells.join(', ')} FROM ${table.from}`, path, planned.length)
    return true
  } catch (error) {
    if (error instanceof Error && /^Conversion Error/.test(error.message)) return false
    throw error
  }
}

/** Integers up to here are exact as doubles. */
const MAX_EXACT = 2 ** 53
/** Rows that text columns are judged by once more, evenly spread. */
const RECONSIDERED = 20_000

/** Whether the stored table shows that some column was misjudged; the plan is then changed. */
async function reconsider(
  duck: Duck,
  table: RawTable,
  path: string,
  planned: readonly PlannedColumn[],
  facts: readonly ColumnFacts[],
  rows: number,
): Promise<boolean> {
  let changed = false
  for (const [i, plan] of planned.entries()) {
    if (plan.because !== 'guessed' || !isInexact(facts[i]!) || !(await holdsLongNumbers(duck, table, plan))) continue
    Object.assign(plan, { stored: 'text', because: 'checked' })
    changed = true
  }
  const every = Math.max(1, Math.ceil(rows / RECONSIDERED))
  const numbered = numberedParquet(path)
  const sample = `(SELECT * FROM ${numbered} WHERE file_row_number % ${every} = 0)`
  return (await reconsiderText(duck, sample, planned)) || changed
}

function isInfinite({ min, max }: ColumnFacts): boolean {
  return min === Number.NEGATIVE_INFINITY || max === Number.POSITIVE_INFINITY
}

function isInexact({ integer, min, max }: ColumnFacts): boolean {
  return integer && Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0)) > MAX_EXACT
}

/** Digits too many for a double are a name: two of them could become one. 1e30 is a number all the same. */
async function holdsLongNumbers(duck: Duck, table: RawTable, { cell }: PlannedColumn): Promise<boolean> {
  const { long } = await duck.row<{ long: boolean }>(
    `SELECT coalesce(bool_or(regexp_matches(${cell}, '^[+-]?[0-9]{16,}$')), false) AS long FROM ${table.from}`,
  )
  return long
}
