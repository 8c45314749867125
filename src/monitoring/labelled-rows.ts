import type { Signature } from '#registry/contract'
import type { ServedRow } from './recent-rows.ts'

/** Rows whose truth is known, with truth and served answers in the evaluation's layout. */
export interface LabelledRows {
  readonly rows: readonly ServedRow[]
  readonly truth: Float64Array
  /** What was answered: one number per row, of a multiclass model one per class. */
  readonly served: Float64Array
}

/** The rows of `rows` with a usable label, in their order. */
export function labelledOf(rows: readonly ServedRow[], signature: Signature): LabelledRows {
  const kept: ServedRow[] = []
  const truth: number[] = []
  const served: number[] = []
  for (const row of rows) {
    const y = truthOf(row, signature)
    const answer = y === undefined ? undefined : answerOf(row, signature)
    if (y === undefined || answer === undefined) continue
    kept.push(row)
    truth.push(y)
    served.push(...answer)
  }
  return { rows: kept, truth: Float64Array.from(truth), served: Float64Array.from(served) }
}

/** Those of the labelled rows for which `include` holds. */
export function labelledWhere(all: LabelledRows, include: (row: ServedRow) => boolean): LabelledRows {
  const width = all.rows.length === 0 ? 1 : all.served.length / all.rows.length
  const places = all.rows.flatMap((row, i) => (include(row) ? [i] : []))
  if (places.length === all.rows.length) return all
  return {
    rows: places.map((i) => all.rows[i]!),
    truth: Float64Array.from(places, (i) => all.truth[i]!),
    served: Float64Array.from({ length: places.length * width }, (_, k) => {
      const i = places[Math.floor(k / width)]!
      return all.served[i * width + (k % width)]!
    }),
  }
}

/** A label as the evaluation takes it; `undefined` when there is none or it is none of the classes. */
function truthOf(row: ServedRow, { task, classes }: Signature): number | undefined {
  if (row.truth === null) return undefined
  if (task === 'regression') {
    const value = Number(row.truth)
    return row.truth.trim() !== '' && Number.isFinite(value) ? value : undefined
  }
  const index = classes.indexOf(row.truth)
  return index >= 0 ? index : undefined
}

function answerOf(row: ServedRow, { task, classes }: Signature): number[] | undefined {
  if (task !== 'multiclass') return [row.value]
  const { probabilities } = row
  return probabilities ? classes.map((name) => probabilities[name] ?? 0) : undefined
}

/**
 * What one version alone said about the rows, and for which of them it said something.
 *
 * Of a multiclass answer the log keeps each version's probability of the answered class only, from which neither loss
 * nor metric follows: there it is nobody.
 */
export function scoredBy(
  labelled: LabelledRows,
  version: number,
  { task }: Signature,
): { places: number[]; truth: Float64Array; scores: Float64Array } {
  const places: number[] = []
  const { rows } = labelled
  const truth = new Float64Array(rows.length)
  const scores = new Float64Array(rows.length)
  if (task !== 'multiclass')
    for (let i = 0; i < rows.length; i++) {
      const score = rows[i]!.scores[version]
      if (score === undefined) continue
      truth[places.length] = labelled.truth[i]!
      scores[places.length] = score
      places.push(i)
    }
  return { places, truth: truth.subarray(0, places.length), scores: scores.subarray(0, places.length) }
}

/**
 * The rows with a version's own answers in the place of what was served: alone it is held to what it promised, whoever
 * answered beside it. Of a multiclass model, the rows that it answered.
 */
export function answeredBy(labelled: LabelledRows, version: number, signature: Signature): LabelledRows {
  if (signature.task === 'multiclass') return labelledWhere(labelled, (row) => row.version === version)
  const { places, truth, scores } = scoredBy(labelled, version, signature)
  return { rows: places.map((place) => labelled.rows[place]!), truth, served: scores }
}
