import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asOrreryError } from '#platform/errors'
import type { Preparation } from '#preparation'
import { partsOfRecipe } from '#projects'
import type { PrepareStep } from '#projects/contract'
import { type Duck, makeFolder, withDuck } from '../duckdb.ts'
import { ignoredAfterJoin, ignoredBeforeJoin } from '../entity-keys.ts'
import { StepRefused } from '../errors.ts'
import { rowCount } from '../frame.ts'
import { type IngestRequest, ingestTable, runRecipe } from '../ingest.ts'
import { readSplit } from '../read-split.ts'
import { featureColumns } from '../schema.ts'
import { readFrom } from '../sources/place.ts'
import { name, numberedParquet, parquet } from '../sql.ts'
import { writeParquet } from '../write-parquet.ts'
import { writePlaced } from './apply.ts'
import type { ColumnShape, RecipePreview } from './contract.ts'
import { fitPreparation } from './fit.ts'

/** Rows that a preview looks at, and shows. */
const SAMPLED = 20_000
const SHOWN = 12
const BINS = 20
const TOP = 8

/** File of the sample that the steps which make rows left: what another recipe with the same ones starts from. */
export const KEPT = 'made.json'

export interface PreviewRequest extends IngestRequest {
  /** Such a file of an earlier preview: nothing is read again. */
  made?: string | undefined
  /** What `sampleEntities` left, with the features of each row: steps that make rows are done already. */
  joined?: JoinedSample | undefined
}

type Problem = RecipePreview['problem']

/** Rows as the steps before the split leave them, to be joined to features. */
export interface EntitySample {
  readonly parquet: string
  /** Rows there are, of which these are a sample. */
  readonly made: number
  readonly problem: Problem
}

export interface JoinedSample extends EntitySample {
  /** Columns that features were found by: no feature themselves. */
  readonly keys: readonly string[]
}

/**
 * Tries a recipe out on a sample: what the table was before the steps of the package and after them. A step that cannot be done is
 * told, and what comes before it is shown all the same.
 */
export async function previewRecipe(request: PreviewRequest): Promise<RecipePreview> {
  const steps = request.spec.prepare ?? []
  const parts = partsOfRecipe(steps)
  let problem: Problem = null
  const made = await rowsFor(request, parts.table)
  problem ??= made.problem
  if (problem === null && !request.made) await keepRows(made.value, join(request.target, KEPT))
  const table = made.value
  const inPackage = problem === null ? parts.inPackage : []
  const fitted = await asFar(
    inPackage,
    (some, i) => prepareRows(table, some, parts.table.length, join(request.target, `fitted-${i}`)),
    parts.table.length,
  )
  problem ??= fitted.problem
  const { preparation, path } = fitted.value
  return withDuck({ folders: [...new Set([dirname(table.parquetPath), dirname(path)])], threads: 1 }, async (duck) => {
    const types = new Map(table.schema.columns.map((column) => [column.name, column.type]))
    // As a request has them, so that a column nothing is done to is the same after.
    const asSent = (column: string) =>
      types.get(column) === 'numeric' ? `TRY_CAST(${name(column)} AS FLOAT)::DOUBLE` : `nullif(${name(column)}, '')`
    const before = new Map(table.features.map((column) => [column, asSent(column)]))
    const after = new Map(preparation.program.columns.map((column, i) => [column.name, `p${i}`]))
    return {
      rows: { made: table.made, sampled: table.rows, train: table.train.length },
      columns: await compare(duck, { from: table.parquetPath, before, to: path, after }),
      before: await sample(duck, table.parquetPath, before),
      after: await sample(duck, path, after),
      fitted: preparation.fitted.map((one) => ({ ...one, learned: { ...one.learned } })),
      problem,
    }
  })
}

/** Does all steps, or those before the first that cannot be done. */
async function asFar<T>(
  steps: readonly PrepareStep[],
  work: (steps: readonly PrepareStep[], attempt: number) => Promise<T>,
  first = 0,
): Promise<{ value: T; problem: Problem }> {
  try {
    return { value: await work(steps, 0), problem: null }
  } catch (error) {
    const known = asOrreryError(error)
    if (!(known instanceof StepRefused)) throw error
    const { step } = known.details as { step: number }
    const value = await work(steps.slice(0, step - first), 1)
    return { value, problem: { step, code: known.code, message: known.message, hint: known.hint ?? '' } }
  }
}

async function rowsFor(request: PreviewRequest, steps: readonly PrepareStep[]) {
  const { made, joined, target } = request
  if (made) return { value: await keptRows(made), problem: null }
  if (joined) return { value: await describeJoined(request, joined), problem: joined.problem }
  return asFar(steps, async (some, i) => {
    const folder = join(target, `made-${i}`)
    return describeRows(request, await sampleRows(request, some, folder), folder)
  })
}

/** A sample of the rows of a data set that has feature views: typed, with the columns that features are found by. */
export async function sampleEntities(request: IngestRequest, keys: readonly string[]): Promise<EntitySample> {
  const { spec, folder } = request
  const { value, problem } = await asFar(partsOfRecipe(spec.prepare ?? []).table, async (some, i) => {
    const target = join(request.target, `entities-${i}`)
    const { path, made } = await sampleRows(request, some, target)
    const { columns: _, ...plain } = readFrom(path, spec)
    const ignore = ignoredBeforeJoin(spec, keys)
    const described = join(target, 'described')
    const table = await ingestTable({ spec: { ...plain, ...UNJUDGED, ignore }, folder, target: described })
    return { parquet: table.parquetPath, made }
  })
  return { ...value, problem }
}

/** A preview shows what a recipe does; what is expected of the table is another question. */
const UNJUDGED = { prepare: [], expect: [], features: [] }

/** Joined as a run joins them. */
function describeJoined(request: PreviewRequest, { parquet: path, made, keys }: JoinedSample) {
  const { spec, target } = request
  return describeRows(
    { ...request, spec: { ...spec, ignore: ignoredAfterJoin(spec, keys) } },
    { path, made },
    join(target, 'joined'),
  )
}

async function sampleRows(request: IngestRequest, steps: readonly PrepareStep[], target: string) {
  const { path } = await runRecipe(request, steps, await makeFolder(target))
  const sampled = join(target, 'sampled.parquet')
  const made = await withDuck({ folders: [...new Set([target, dirname(path)])], threads: 1 }, async (duck) => {
    const rows = await rowCount(duck, path)
    const every = Math.max(1, Math.ceil(rows / SAMPLED))
    const query = `SELECT * EXCLUDE (file_row_number) FROM ${numberedParquet(path)} WHERE file_row_number % ${every} = 0`
    await writeParquet(duck, query, sampled, 50)
    return rows
  })
  return { path: sampled, made }
}

async function describeRows(
  { spec, folder }: IngestRequest,
  { path, made }: { path: string; made: number },
  target: string,
) {
  const { columns: _, ...plain } = readFrom(path, spec)
  // Rows that are set aside are none that a step is fitted on; other tables that entries refer to are not read for it.
  const expect = (spec.expect ?? []).filter((entry) => entry.otherwise === 'quarantine' && !('references' in entry))
  const judged = { ...plain, ...UNJUDGED, expect }
  const table = await ingestTable({ spec: judged, folder, target: join(target, 'described') })
  const { split, profile, parquetPath, schema, rows } = table
  const train = split
    ? (await readSplit(parquetPath, split, profile.label!, spec.time)).train
    : Int32Array.from({ length: rows }, (_, i) => i)
  return { parquetPath, schema, rows, train, made, features: featureColumns(schema, spec) }
}

type MadeRows = Awaited<ReturnType<typeof describeRows>>

/** Under its name only when all of it is there: who comes later may take it. */
async function keepRows(made: MadeRows, path: string): Promise<void> {
  await writeFile(`${path}.incoming`, JSON.stringify({ ...made, train: [...made.train] }))
  await rename(`${path}.incoming`, path)
}

async function keptRows(path: string): Promise<MadeRows> {
  const made = JSON.parse(await readFile(path, 'utf8'))
  return { ...made, train: Int32Array.from(made.train) }
}

async function prepareRows(
  table: MadeRows,
  steps: readonly PrepareStep[],
  first: number,
  folder: string,
): Promise<{ preparation: Preparation; path: string }> {
  const { parquetPath, schema, features, train } = table
  const preparation = await fitPreparation({ parquetPath, schema, features, steps, first, train, folder })
  const path = join(await makeFolder(folder), 'prepared.parquet')
  await writePlaced(parquetPath, preparation, path)
  return { preparation, path }
}

async function sample(duck: Duck, path: string, columns: ReadonlyMap<string, string>) {
  const cells = [...columns.values()].map((cell, i) => `${cell} AS c${i}`)
  const rows = await duck.rows<Record<string, string | number | null>>(
    `SELECT ${cells.join(', ')} FROM ${parquet(path)} LIMIT ${SHOWN}`,
  )
  return { columns: [...columns.keys()], rows: rows.map((row) => cells.map((_, i) => row[`c${i}`] ?? null)) }
}

async function compare(
  duck: Duck,
  {
    from,
    before,
    to,
    after,
  }: { from: string; before: ReadonlyMap<string, string>; to: string; after: ReadonlyMap<string, string> },
): Promise<RecipePreview['columns']> {
  const columns: RecipePreview['columns'] = []
  for (const column of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(column), after.get(column)]
    const shapes = {
      before: was === undefined ? null : await shapeOf(duck, from, was),
      after: is === undefined ? null : await shapeOf(duck, to, is),
    }
    columns.push({ name: column, changed: JSON.stringify(shapes.before) !== JSON.stringify(shapes.after), ...shapes })
  }
  return columns
}

async function shapeOf(duck: Duck, path: string, cell: string): Promise<ColumnShape> {
  const from = parquet(path)
  const { type, missing, distinct } = await duck.row<{ type: string; missing: number; distinct: number }>(
    `SELECT any_value(typeof(${cell})) AS type, count(*) - count(${cell}) AS missing, count(DISTINCT ${cell}) AS distinct FROM ${from}`,
  )
  if (type !== 'DOUBLE') {
    const top = await duck.rows<{ value: string; count: number }>(
      `SELECT ${cell}::VARCHAR AS value, count(*) AS count FROM ${from} WHERE ${cell} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${TOP}`,
    )
    return { kind: 'text', missing, distinct, numbers: null, top }
  }
  const { min, max, mean } = await duck.row<{ min: number | null; max: number; mean: number }>(
    `SELECT min(${cell}) AS min, max(${cell}) AS max, avg(${cell}) AS mean FROM ${from}`,
  )
  if (min === null) return { kind: 'number', missing, distinct, numbers: null, top: null }
  const width = (max - min) / BINS || 1
  const found = await duck.rows<{ bin: number; count: number }>(
    `SELECT least(${BINS - 1}, floor((${cell} - ${min}::DOUBLE) / ${width}::DOUBLE))::INTEGER AS bin, count(*) AS count FROM ${from} WHERE ${cell} IS NOT NULL GROUP BY 1`,
  )
  const counts = new Array<number>(BINS).fill(0)
  for (const { bin, count } of found) counts[bin] = count
  const edges = Array.from({ length: BINS + 1 }, (_, i) => min + i * width)
  return { kind: 'number', missing, distinct, numbers: { min, max, mean, edges, counts }, top: null }
}
