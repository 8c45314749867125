import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Duck, withDuck } from '#data'
import { type LoadedModel, loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import { BatchColumnsMissing, BatchInputChanged, BatchInputInvalid } from './errors.ts'
import { type InputFile, type Part, type PartManifest, partsOf } from './plan.ts'
import { conditionsOf, type FeatureSql, featuresInSql, literal, named, numbered, readFitting, typesOf } from './rows.ts'
import { openTarget, type TargetAddress } from './target.ts'

export interface ScoreInput {
  readonly job: string
  /** Of the job; rows set aside and parts of a file lie there. */
  readonly folder: string
  readonly files: readonly InputFile[]
  readonly partRows: number
  /** This process takes each `of`-th part, from `first`. */
  readonly first: number
  readonly of: number
  readonly onnx: string
  readonly signature: Signature
  readonly model: string
  readonly version: number
  readonly keep: readonly string[]
  readonly target: TargetAddress
}

/** Rows of one run of the model: its inputs and what it computes between stay in the processor's caches. */
const ROWS_PER_RUN = 4_096

/**
 * Scores the parts that are this process's and not committed yet.
 *
 * @param progress is told which share of this process's rows is committed
 */
export async function scoreParts(input: ScoreInput, progress: (fraction: number) => void): Promise<void> {
  const { files, folder, target: address } = input
  await mkdir(asideFolder(folder), { recursive: true })
  const target = await openTarget(address, input.job, folder)
  const name = `${input.model}@${input.version}`
  const model = await loadModel(name, await readFile(input.onnx), input.signature)
  try {
    const done = await target.committed()
    const mine = partsOf(files, input.partRows).filter(({ number }) => number % input.of === input.first)
    const total = mine.reduce((sum, { from, to }) => sum + to - from, 0)
    const folders = [...new Set([...files.map(({ path }) => dirname(path)), folder])]
    let rows = 0
    await withDuck({ folders, threads: 1, spillTo: folder }, async (duck) => {
      for (const part of mine) {
        if (!done.has(part.number)) {
          await refuseChanged(files[part.file]!)
          const { answers, manifest } = await scorePart(duck, model, part, input)
          await target.commit(duck, answers, manifest)
        }
        rows += part.to - part.from
        progress(rows / total)
      }
    })
  } finally {
    await model.close()
    await target.close()
  }
}

/** One part: its answers as a SELECT, the rows set aside as a file. */
async function scorePart(
  duck: Duck,
  model: LoadedModel,
  part: Part,
  input: ScoreInput,
): Promise<{ answers: string; manifest: PartManifest }> {
  const { features } = input.signature
  const { path } = input.files[part.file]!
  const types = await typesOf(duck, `read_parquet(${literal(path)})`)
  refuseKept(input, types)
  const columns = featuresInSql(features, types)
  const offset = part.firstRow - part.from
  const range = `(SELECT * FROM ${numbered(path)} WHERE file_row_number >= ${part.from} AND file_row_number < ${part.to})`
  const { encoded, places } = await readFitting(duck, range, features, columns, part.to - part.from)
  const reasons = places ? await setAside(duck, range, columns, part, input) : []

  const scores = await run(model, encoded)
  const rows = new Float64Array(encoded.rows)
  for (let r = 0; r < rows.length; r++) rows[r] = part.from + (places?.[r] ?? r)
  await appendScores(duck, input.signature, rows, scores, model.outputs)
  const kept = input.keep.map((column) => `, i.${named(column)}`).join('')
  // Both sides are in the order of the rows, and have the same ones.
  const fitting = places ? `(FROM ${range} WHERE ${conditionsOf(columns)})` : range
  const joined = kept === '' ? '' : `POSITIONAL JOIN ${fitting} i`
  const answers = `SELECT ${literal(`${input.job}.`)} || (s.row::BIGINT + ${offset}) AS prediction_id${kept}, ${literal(input.model)} AS model, ${input.version} AS version, ${outputsInSql(input.signature)} FROM scored s ${joined}`
  const manifest = {
    part: part.number,
    rows: rows.length,
    setAside: reasons.reduce((sum, one) => sum + one.rows, 0),
    reasons: Object.fromEntries(reasons.slice(0, MOST_REASONS).map((one) => [one.reason, one.rows])),
  }
  return { answers, manifest }
}

/** Writes the rows that do not fit into a file of their part; the reasons, the commonest first. */
async function setAside(
  duck: Duck,
  range: string,
  columns: readonly FeatureSql[],
  part: Part,
  { folder }: ScoreInput,
): Promise<{ reason: string; rows: number }[]> {
  const misfits = columns.map(({ misfit }) => misfit).filter((misfit) => misfit !== 'NULL')
  const unfit = `(SELECT file_row_number + ${part.firstRow - part.from} AS row, concat_ws('; ', ${misfits.join(', ')}) AS reason, * EXCLUDE (file_row_number) FROM ${range} WHERE NOT (${conditionsOf(columns)}))`
  const path = join(asideFolder(folder), `${String(part.number).padStart(8, '0')}.parquet`)
  await duck.run(`COPY (FROM ${unfit} ORDER BY row) TO ${literal(path)} (FORMAT parquet)`)
  return duck.rows(`SELECT reason, count(*) AS rows FROM ${unfit} GROUP BY reason ORDER BY rows DESC, reason`)
}

const MOST_REASONS = 100

async function run(model: LoadedModel, { rows, columns }: Parameters<LoadedModel['feeds']>[0]): Promise<Float64Array> {
  const scores = new Float64Array(rows * model.outputs)
  for (let from = 0; from < rows; from += ROWS_PER_RUN) {
    const to = Math.min(from + ROWS_PER_RUN, rows)
    const some = columns.map((column) =>
      column instanceof Float32Array ? column.subarray(from, to) : column.slice(from, to),
    )
    scores.set(await model.run(model.feeds({ rows: to - from, columns: some }), to - from), from * model.outputs)
  }
  return scores
}

/** The scores as a table: `row`, and `s0`, `s1` … for each number of an answer. */
async function appendScores(
  duck: Duck,
  { task }: Signature,
  rows: Float64Array,
  scores: Float64Array,
  outputs: number,
): Promise<void> {
  const width = task === 'multiclass' ? outputs : 1
  const names = Array.from({ length: width }, (_, k) => `s${k} DOUBLE`)
  await duck.run(`CREATE OR REPLACE TEMP TABLE scored (row DOUBLE, ${names.join(', ')})`)
  const columns = Array.from({ length: width }, (_, k) => {
    if (width === 1) return scores
    const column = new Float64Array(rows.length)
    for (let r = 0; r < rows.length; r++) column[r] = scores[r * width + k]!
    return column
  })
  await duck.append('scored', [rows, ...columns])
}

/** `value`, `label` and a probability for each class, as `POST /predict` gives them. */
function outputsInSql({ task, classes }: Signature): string {
  if (task === 'regression') return 's0 AS value, NULL::VARCHAR AS label'
  const probability = (name: string, value: string) => `${value} AS ${named(`probability_${name}`)}`
  if (task === 'binary')
    return [
      's0 AS value',
      `CASE WHEN s0 >= 0.5 THEN ${literal(classes[1]!)} ELSE ${literal(classes[0]!)} END AS label`,
      probability(classes[0]!, '1 - s0'),
      probability(classes[1]!, 's0'),
    ].join(', ')
  const all = `[${classes.map((_, k) => `s${k}`).join(', ')}]`
  // The earlier class on a tie, as an endpoint answers.
  const best = `list_position(${all}, list_max(${all}))`
  return [
    `list_max(${all}) AS value`,
    `[${classes.map(literal).join(', ')}][${best}] AS label`,
    ...classes.map((name, k) => probability(name, `s${k}`)),
  ].join(', ')
}

/** Columns that every output has. */
const OWN = /^(prediction_id|model|version|value|label|probability_.*)$/i

function refuseKept({ keep }: ScoreInput, types: ReadonlyMap<string, string>): void {
  const missing = keep.filter((column) => !types.has(column))
  if (missing.length > 0) throw new BatchColumnsMissing(missing, [...types.keys()])
  const own = keep.find((column) => OWN.test(column))
  if (own !== undefined)
    throw new BatchInputInvalid(`"${own}" is a column of the answers`, 'Rename it with a query, or do not keep it.')
}

async function refuseChanged({ path, seen }: InputFile): Promise<void> {
  if (!seen) return
  const now = await stat(path).catch(() => undefined)
  if (now?.size !== seen.bytes || now.mtimeMs !== seen.modifiedMs) throw new BatchInputChanged(path)
}

export const asideFolder = (folder: string) => join(folder, 'aside')
