import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { partsOfRecipe } from '#projects'
import type { PrepareStep } from '#projects/contract'
import { contentHash } from './content-hash.ts'
import { type ColumnFacts, columnFacts } from './column-facts.ts'
import type { DatasetSpec, Prepared, SourceDescriptor, TableSchema } from './contract.ts'
import { type Duck, makeFolder, withDuck } from './duckdb.ts'
import { ColumnsMissing, LabelColumnMissing, type Place, RowMalformed, TableEmpty } from './errors.ts'
import { storedTypes } from './event-time.ts'
import { rowCount } from './frame.ts'
import type { OtherTable as ComparedTable } from './expectations/rule.ts'
import { foldersOfAll, readReferences, referencesOf, resolveReferences } from './expectations/others.ts'
import { nearestColumn } from './nearest.ts'
import { recipeHash } from './prepare/fit.ts'
import type { OtherTable } from './prepare/request.ts'
import { runTableSteps } from './prepare/table-steps.ts'
import { type KeptTable, refuseCircle, tablesRead } from './prepare/tables-read.ts'
import { type Progress, whileTelling } from './progress.ts'
import { withPlainLineEnds } from './read/line-ends.ts'
import { bytesOf, foldersOf, openTable, placeOfRow, refuseChangedFiles, verifySource } from './read/open-table.ts'
import type { RawTable } from './read/raw-table.ts'
import { makeReadable, type ReadableSource } from './read/readable.ts'
import { resolveSource } from './source.ts'
import { readFrom, sourceOf } from './sources/place.ts'
import type { BroughtFile } from './sources/resolved.ts'
import { name, numberedParquet, parquet } from './sql.ts'
import { describeTable, duckOptionsFor, type StoredTable } from './store-table.ts'
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
  /** The same of other data sets that its recipe reads. */
  broughtTables?: Readonly<Record<string, BroughtFile>> | undefined
  /** Schema of the version before: its columns must be there and keep their types. */
  previous?: TableSchema | undefined
  memoryMb?: number | undefined
  progress?: Progress | undefined
  /** Name of the data set, and the project's others: what the steps of its recipe that make rows may read. */
  dataset?: string | undefined
  others?: Readonly<Record<string, DatasetSpec>> | undefined
  /** What is read already: taken as it is, and recorded by its version where it is one. */
  tables?: Readonly<Record<string, KeptTable>> | undefined
  /** The data sets whose rows these are to be part of. */
  within?: readonly string[]
  /** Steps are still to come: which columns there are is judged after them. */
  unfinished?: boolean
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
  const { table: steps } = partsOfRecipe(request.spec.prepare ?? [])
  if (steps.length > 0) return ingestPrepared(request, steps)
  return fromSource(request, (duck, path, read) => describeRead(duck, path, request, read))
}

/** The table as the steps that make rows leave it, described like one that was read. */
async function ingestPrepared(request: IngestRequest, steps: readonly PrepareStep[]): Promise<IngestedTable> {
  const { spec, folder, progress } = request
  const target = await makeFolder(request.target)
  const made = await runRecipe(request, steps, join(target, 'recipe'))
  progress?.('describing the prepared table')
  const { columns = {}, ...rest } = spec
  // How cells were to be read is settled; types of columns that were kept still hold.
  const kept = Object.fromEntries(Object.entries(columns).filter(([column]) => made.columns.includes(column)))
  const prepared = { ...readFrom(made.path, rest), columns: kept, prepare: [] }
  const table = await ingestTable({ ...request, brought: undefined, spec: prepared, folder, target })
  await rm(join(target, 'recipe'), { recursive: true, force: true })
  return { ...table, source: made.source }
}

/** The rows of a data set before the split, and what they were made of. */
export async function runRecipe(request: IngestRequest, steps: readonly PrepareStep[], target: string) {
  const { spec, folder, progress, memoryMb, dataset = 'this', others = {}, tables = {} } = request
  const within = [...(request.within ?? []), dataset]
  const read = async (set: string, of: DatasetSpec): Promise<KeptTable> => {
    const kept = tables[set]
    if (kept) return kept
    if (set === dataset) return readRows({ ...request, spec: of, target: join(target, set) })
    refuseCircle(set, within)
    progress?.(`reading ${set}`)
    const { broughtTables } = request
    const known = { folder, memoryMb, progress, dataset: set, others, tables, within, broughtTables }
    return readRows({ spec: of, target: join(target, set), ...known, brought: broughtTables?.[set] })
  }
  const own = await read(dataset, { ...spec, prepare: [] })
  const needed = new Map<string, OtherTable>()
  const made: Prepared = { recipe: recipeHash(steps), tables: {} }
  for (const set of tablesRead(dataset, steps, others)) {
    const { path, contentHash, version } = await read(set, others[set]!)
    needed.set(set, { path, time: others[set]!.time })
    made.tables[set] = contentHash
    if (version !== undefined) made.versions = { ...made.versions, [set]: version }
  }
  progress?.('preparing rows')
  const path = await runTableSteps({
    ...{ dataset, spec, steps, parquetPath: own.path, others: needed, memoryMb },
    folder: await makeFolder(target),
  })
  const columns = await withDuck({ folders: [dirname(path)] }, async (duck) => [
    ...(await storedTypes(duck, parquet(path))).keys(),
  ])
  return { path, columns, source: { ...own.source, prepared: made } as SourceDescriptor }
}

/** The rows of a data set without a word about them. */
export async function readRows(request: IngestRequest): Promise<KeptTable> {
  const { spec } = request
  const { table: steps } = partsOfRecipe(spec.prepare ?? [])
  if (steps.length > 0) {
    const made = await runRecipe({ ...request, spec: { ...spec, prepare: [] } }, steps, request.target)
    const contentHash = await withDuck({ folders: [dirname(made.path)] }, async (duck) => hashOf(duck, made.path))
    return { path: made.path, contentHash, source: made.source }
  }
  const { columns, ignore, time } = spec
  const plain = { ...sourceOf(spec), columns, ignore, time }
  return fromSource({ ...request, spec: plain, unfinished: true }, async (duck, path) => ({
    path,
    contentHash: await hashOf(duck, path),
  }))
}

const hashOf = async (duck: Duck, path: string) =>
  contentHash(duck, path, await storedTypes(duck, parquet(path)), await rowCount(duck, path))

async function fromSource<Made>(
  request: IngestRequest,
  work: (duck: Duck, path: string, read: ReadRows) => Promise<Made>,
): Promise<Made & { source: SourceDescriptor }> {
  const { spec, folder, progress } = request
  const target = await makeFolder(request.target)
  progress?.('finding the source')
  const { brought } = request
  const found = await resolveSource({ ...spec, folder, brought, downloads: join(target, 'downloads') })
  progress?.('verifying the source')
  const descriptor = await verifySource(found)
  const source = await makeReadable(found, { target, sheet: spec.sheet, ignore: spec.ignore })
  const read = (files: ReadableSource) => readTable({ ...request, target }, files, work)
  const stored = await read(source).catch(async (error) => {
    const mended =
      error instanceof RowMalformed && source.format === 'csv' && (await withPlainLineEnds(source.files, target))
    if (!mended) throw error
    return read({ ...source, files: mended })
  })
  await refuseChangedFiles(found)
  return { ...stored, source: descriptor }
}

/** What is known of rows while their source is open. */
interface ReadRows {
  facts: ColumnFacts[]
  placeOf: (row: number) => Promise<Place>
  others: ReadonlyMap<string, ComparedTable>
}

const describeRead = (duck: Duck, path: string, { spec, previous, progress }: IngestRequest, read: ReadRows) =>
  describeTable(duck, path, { spec, previous, progress, ...read })

async function readTable<Made>(
  request: IngestRequest,
  source: ReadableSource,
  work: (duck: Duck, path: string, read: ReadRows) => Promise<Made>,
): Promise<Made> {
  const { spec, previous, target } = request
  const table = await openTable(source, spec.ignore ?? [])
  if (!request.unfinished) refuseMissingColumns(table, spec, previous)
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
      const facts = await storeTable(duck, table, path, request)
      if ((await rowCount(duck, path)) === 0) throw new TableEmpty(source.files[0]!.name, 'has a header but no rows')
      const placeOf = (row: number) => placeOfRow(duck, table, row)
      return await work(duck, path, { facts, placeOf, others: await readReferences(duck, references, others) })
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
  { spec, previous, progress }: IngestRequest,
): Promise<ColumnFacts[]> {
  const planned = await planColumns(duck, table, spec, previous)
  for (;;) {
    const write = () => writeAsPlanned(duck, table, path, planned)
    if (await whileTelling(duck, progress, 'reading rows', write)) {
      progress?.('looking at columns')
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
