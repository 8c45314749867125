import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Duck, withDuck } from '#data'
import { keptEnvironments } from '#pipelines'
import { type LoadedModel, loadModel } from '#runtime'
import { appendScores, outputsInSql } from './answers.ts'
import { BatchInputChanged } from './errors.ts'
import { asideFile, asideFolder, manifestOf, refuseKept, type ScoredPart, type ScoreInput } from './part.ts'
import { type InputFile, type Part, partsOf } from './plan.ts'
import { conditionsOf, type FeatureSql, featuresInSql, literal, named, numbered, readFitting, typesOf } from './rows.ts'
import { scorePicturePart } from './score-pictures.ts'
import { openTarget } from './target.ts'

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
  const model = await loadModel(name, await readFile(input.onnx), input.signature, {
    environments: keptEnvironments(input.environments),
  })
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
          const { answers, manifest } = input.signature.image
            ? await scorePicturePart(duck, model, part, input)
            : await scorePart(duck, model, part, input)
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
async function scorePart(duck: Duck, model: LoadedModel, part: Part, input: ScoreInput): Promise<ScoredPart> {
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
  return { answers, manifest: manifestOf(part, rows.length, reasons) }
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
  await duck.run(`COPY (FROM ${unfit} ORDER BY row) TO ${literal(asideFile(folder, part))} (FORMAT parquet)`)
  return duck.rows(`SELECT reason, count(*) AS rows FROM ${unfit} GROUP BY reason ORDER BY rows DESC, reason`)
}

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

async function refuseChanged({ path, seen }: InputFile): Promise<void> {
  if (!seen) return
  const now = await stat(path).catch(() => undefined)
  if (now?.size !== seen.bytes || now.mtimeMs !== seen.modifiedMs) throw new BatchInputChanged(path)
}
