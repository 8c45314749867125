import { type Duck, findPicture, type NamedPicture } from '#data'
import { type Pixels, readPicture } from '#pictures'
import { type LoadedModel, pixelFeeds } from '#runtime'
import { appendScores, outputsInSql } from './answers.ts'
import { BatchColumnsMissing } from './errors.ts'
import type { Part } from './plan.ts'
import { literal, named, numbered, typesOf } from './rows.ts'
import { asideFile, manifestOf, refuseKept, type ScoredPart, type ScoreInput } from './part.ts'

/** Pictures in memory at a time, and of those how many are decoded side by side. */
const PER_RUN = 32
const AT_ONCE = 4

/**
 * One part of a table of pictures. Each is looked for by its hash (`picture`) and its place (`file`), whichever the table has,
 * and decoded as a request's would be; one that is gone or no picture is set aside.
 */
export async function scorePicturePart(
  duck: Duck,
  model: LoadedModel,
  part: Part,
  input: ScoreInput,
): Promise<ScoredPart> {
  const { path } = input.files[part.file]!
  const types = await typesOf(duck, `read_parquet(${literal(path)})`)
  refuseKept(input, types)
  if (!types.has('picture') && !types.has('file')) throw new BatchColumnsMissing(['picture', 'file'], [...types.keys()])
  const range = `(SELECT * FROM ${numbered(path)} WHERE file_row_number >= ${part.from} AND file_row_number < ${part.to})`
  const text = (column: string) => (types.has(column) ? `nullif(${named(column)}::VARCHAR, '')` : 'NULL')
  const pictures = await duck.rows<NamedPicture>(
    `SELECT ${text('picture')} AS hash, ${text('file')} AS file FROM ${range} ORDER BY file_row_number`,
  )
  const { rows, scores, misfits } = await answer(model, pictures, input)
  const numbers = Float64Array.from(rows, (row) => part.from + row)
  await appendScores(duck, input.signature, numbers, scores, model.outputs)
  await setAside(duck, range, part, misfits, input)
  const kept = input.keep.map((column) => `, i.${named(column)}`).join('')
  const joined = kept === '' ? '' : `JOIN ${range} i ON i.file_row_number = s.row`
  const offset = part.firstRow - part.from
  const answers = `SELECT ${literal(`${input.job}.`)} || (s.row::BIGINT + ${offset}) AS prediction_id${kept}, ${literal(input.model)} AS model, ${input.version} AS version, ${outputsInSql(input.signature)} FROM scored s ${joined} ORDER BY s.row`
  return { answers, manifest: manifestOf(part, rows.length, counted(misfits)) }
}

/** A row that got no answer, by its place in the part. */
interface Misfit {
  readonly row: number
  readonly reason: string
}

/** The rows that were answered, with their scores side by side, and those that were not. */
async function answer(model: LoadedModel, pictures: readonly NamedPicture[], { pictures: places }: ScoreInput) {
  const image = model.signature.image!
  const rows: number[] = []
  const misfits: Misfit[] = []
  const scores: Float64Array[] = []

  async function pixelsOf(row: number): Promise<Pixels | undefined> {
    try {
      return (await readPicture(await findPicture(places, pictures[row]!), image)).pixels
    } catch (error) {
      misfits.push({ row, reason: (error as Error).message.slice(0, 300) })
      return undefined
    }
  }

  for (let from = 0; from < pictures.length; from += PER_RUN) {
    const seen: Pixels[] = []
    for (let at = from; at < Math.min(from + PER_RUN, pictures.length); at += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, pictures.length - at) }, (_, i) => at + i)
      const decoded = await Promise.all(some.map(pixelsOf))
      decoded.forEach((pixels, i) => {
        if (!pixels) return
        rows.push(at + i)
        seen.push(pixels)
      })
    }
    if (seen.length > 0) scores.push(await model.run(pixelFeeds(image, seen), seen.length))
  }
  const all = new Float64Array(rows.length * model.outputs)
  let at = 0
  for (const some of scores) {
    all.set(some, at)
    at += some.length
  }
  return { rows, scores: all, misfits }
}

/** Writes the rows that got no answer into a file of their part. */
async function setAside(duck: Duck, range: string, part: Part, misfits: readonly Misfit[], { folder }: ScoreInput) {
  if (misfits.length === 0) return
  const values = misfits.map(({ row, reason }) => `(${part.from + row}, ${literal(reason)})`).join(', ')
  const rows = `SELECT m.row + ${part.firstRow - part.from} AS row, m.reason, i.* EXCLUDE (file_row_number) FROM (VALUES ${values}) m(row, reason) JOIN ${range} i ON i.file_row_number = m.row ORDER BY m.row`
  await duck.run(`COPY (${rows}) TO ${literal(asideFile(folder, part))} (FORMAT parquet)`)
}

/** How many rows each reason has, the commonest first. */
function counted(misfits: readonly Misfit[]): { reason: string; rows: number }[] {
  const rows = new Map<string, number>()
  for (const { reason } of misfits) rows.set(reason, (rows.get(reason) ?? 0) + 1)
  return [...rows].map(([reason, many]) => ({ reason, rows: many })).sort((a, b) => b.rows - a.rows)
}
