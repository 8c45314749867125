import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type Answer,
  type Ask,
  type Counts,
  ExpressionInvalid,
  fitRecipe,
  type PackageStep,
  type Preparation,
  programOf,
  programSql,
  type Question,
  StepInvalid,
} from '#preparation'
import type { TableSchema } from '../contract.ts'
import { type Duck, makeFolder, withDuck } from '../duckdb.ts'
import { StepRefused } from '../errors.ts'
import { numberedParquet, text } from '../sql.ts'
import { duckOptionsFor } from '../store-table.ts'

export interface FitRequest {
  /** A version's table. */
  parquetPath: string
  schema: TableSchema
  /** Columns that a model may learn from. */
  features: readonly string[]
  steps: readonly PackageStep[]
  /** Number of the first of them in the whole recipe. */
  first: number
  /** Numbers of the rows that may be learned from. */
  train: ArrayLike<number>
  /** Folder for files under way. */
  folder: string
}

/**
 * Fits the steps that go into the package, on the training rows alone. One thread adds numbers up in one order, so the same rows
 * give the same parameters, bit for bit.
 *
 * @throws StepRefused
 */
export async function fitPreparation(request: FitRequest): Promise<Preparation> {
  const folder = await makeFolder(request.folder)
  const list = join(folder, 'fitted.rows')
  await writeFile(list, Array.from(request.train, (row) => `${row}\n`).join(''))
  try {
    const options = { folders: [dirname(request.parquetPath), folder], spillTo: folder, threads: 1 }
    return await withDuck({ ...options, ...duckOptionsFor(request.features.length, 0) }, (duck) =>
      fitWith(duck, request, rowsIn(request.parquetPath, list)),
    )
  } finally {
    await rm(list, { force: true })
  }
}

function rowsIn(parquetPath: string, list: string): string {
  const listed = `read_csv(${text(list)}, auto_detect = false, header = false, columns = {'row': 'BIGINT'})`
  return `(SELECT * FROM ${numberedParquet(parquetPath)} WHERE file_row_number IN (SELECT row FROM ${listed}))`
}

/** As `fitPreparation`, in a database that is open, over the rows of a relation. */
export async function fitWith(
  duck: Duck,
  { steps, first, schema, features }: Pick<FitRequest, 'steps' | 'first' | 'schema' | 'features'>,
  train: string,
): Promise<Preparation> {
  let step = first
  const kinds = new Map(schema.columns.map(({ name, type }) => [name, type === 'numeric' ? 'number' : 'text'] as const))
  try {
    return await fitRecipe(
      steps,
      features.map((name) => ({ name, kind: kinds.get(name)! })),
      askOf(duck, train),
      { recipe: recipeHash(steps), first, at: (now) => (step = now) },
    )
  } catch (error) {
    if (error instanceof StepInvalid) throw new StepRefused(step, error.why, error.todo)
    if (error instanceof ExpressionInvalid) throw new StepRefused(step, error.message, error.todo)
    throw error
  }
}

/** The same for recipes that say the same, whatever the order of their keys. */
export function recipeHash(steps: readonly unknown[]): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, one]) => [key, sorted(one)]),
    )
  }
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(sorted(steps)))
    .digest('hex')}`
}

const NUMBERS = {
  mean: (cell: string) => `avg(${cell})`,
  std: (cell: string) => `stddev_pop(${cell})`,
  min: (cell: string) => `min(${cell})`,
  max: (cell: string) => `max(${cell})`,
}

/** Columns that are set down at once: each takes 256 KiB of memory, however few rows there are. */
const COLUMNS = 200
/** Aggregates in one statement. */
const BATCH = 100

function askOf(duck: Duck, train: string): Ask {
  return async (program, questions) => {
    const answers: Answer[] = new Array(questions.length).fill(null)
    // The order of columns is the order of what is derived: only those that are asked about are computed.
    const wanted = [...new Set(questions.map((one) => one.column))]
    for (let from = 0; from < wanted.length; from += COLUMNS) {
      const some = wanted.slice(from, from + COLUMNS)
      const columns = some.map((at) => program.columns[at]!)
      await duck.run(`CREATE OR REPLACE TEMP TABLE fitting AS ${programSql(programOf(program.nodes, columns), train)}`)
      await answer(duck, questions, (column) => some.indexOf(column), answers)
      await duck.run('DROP TABLE fitting')
    }
    return answers
  }
}

/** Answers what is asked about the columns that are set down. */
async function answer(
  duck: Duck,
  questions: readonly Question[],
  placeOf: (column: number) => number,
  answers: Answer[],
): Promise<void> {
  const here = questions.flatMap((question, i) => {
    const place = placeOf(question.column)
    return place < 0 ? [] : [{ question, i, cell: `p${place}` }]
  })
  const plain = here.flatMap(({ question, i, cell }) => {
    if (question.ask === 'counts' || question.ask === 'mode') return []
    const sql = question.ask === 'quantile' ? `quantile_cont(${cell}, ${question.share})` : NUMBERS[question.ask](cell)
    return [{ i, sql }]
  })
  for (let from = 0; from < plain.length; from += BATCH) {
    const batch = plain.slice(from, from + BATCH)
    const found = await duck.row<Record<string, number | null>>(
      `SELECT ${batch.map(({ sql, i }) => `${sql} AS a${i}`).join(', ')} FROM fitting`,
    )
    for (const { i } of batch) answers[i] = found[`a${i}`]!
  }
  for (const { question, i, cell } of here) {
    if (question.ask !== 'counts' && question.ask !== 'mode') continue
    const most = question.ask === 'counts' ? question.most + 1 : 1
    const counts = await duck.rows<Counts[number]>(
      `SELECT ${cell} AS value, count(*) AS count FROM fitting WHERE ${cell} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${most}`,
    )
    answers[i] = question.ask === 'counts' ? counts : (counts[0]?.value ?? null)
  }
}
