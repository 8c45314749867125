import { type Column, type Frame, takeRows } from '#platform/table'
import { BadTarget, BadWeights, OneClass } from './errors.ts'
import type { Problem, TabularModel } from './model.ts'
import { columnsFor } from './signature.ts'

export interface LabelledRows {
  /** The features, and nothing else: every column is used. */
  readonly frame: Frame
  /** Per row the index of its class, or the value of a regression. */
  readonly target: Float64Array
  /** Per row how many rows it counts as (>= 0); 1 each when left out. */
  readonly weights?: Float64Array
}

/** Checked rows as the learners get them: no weight is 0, the target holds class indices or finite values. */
export interface FitRows {
  /** In the order of the features. */
  readonly columns: readonly Column[]
  readonly target: Float64Array
  readonly weights: Float64Array
}

/** The rows with a weight above 0, checked; `undefined` when there is none. */
export function usableRows(
  problem: Problem,
  features: TabularModel['features'],
  given: LabelledRows,
): FitRows | undefined {
  const { target, weights } = given
  if (target.length !== given.frame.rows)
    throw new BadTarget(
      `${target.length} target values for ${given.frame.rows} rows`,
      'Give one target value for each row of the frame.',
    )
  if (weights && weights.length !== given.frame.rows)
    throw new BadWeights(`${weights.length} weights for ${given.frame.rows} rows`)
  const kept: number[] = []
  for (let r = 0; r < target.length; r++) {
    const weight = weights ? weights[r]! : 1
    if (!(weight >= 0 && weight < Infinity)) throw new BadWeights(`the weight of row ${r} is ${weight}`)
    if (weight === 0) continue
    refuseBadTarget(problem, target[r]!, r)
    kept.push(r)
  }
  if (kept.length === 0) return undefined
  const all = kept.length === target.length
  return {
    columns: columnsFor(features, all ? given.frame : takeRows(given.frame, kept)),
    target: all ? target : Float64Array.from(kept, (r) => target[r]!),
    weights: Float64Array.from(kept, (r) => (weights ? weights[r]! : 1)),
  }
}

function refuseBadTarget(problem: Problem, value: number, row: number): void {
  if (problem.task === 'regression') {
    // A served answer is float32: a value beyond it could be learned, but not said.
    if (!Number.isFinite(Math.fround(value)))
      throw new BadTarget(
        `the target of row ${row} is ${value}`,
        'Drop rows whose label is missing before training, and scale values beyond 3.4e38.',
      )
  } else if (!(Number.isInteger(value) && value >= 0 && value < problem.classes.length))
    throw new BadTarget(
      `the target of row ${row} is ${value}, not an index into the ${problem.classes.length} classes`,
      'Give each row the index of its class; drop rows whose label is missing.',
    )
}

export function refuseOneClass(problem: Problem, rows: FitRows): void {
  if (problem.task === 'regression') return
  if (problem.task === 'binary' && problem.classes.length > 2)
    throw new BadTarget(`a binary task with ${problem.classes.length} classes`, 'Use the task "multiclass".')
  const first = rows.target[0]!
  if (problem.classes.length < 2) throw new OneClass(problem.classes[first])
  if (rows.target.every((y) => y === first)) throw new OneClass(problem.classes[first])
}
