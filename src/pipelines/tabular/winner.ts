import { blendWeights, defaultMetric, directionOf, evaluate, improvement } from '#evaluation'
import type { Task } from '#trainer'

/** Scores of one candidate on the held-back rows. */
export interface Scored {
  readonly scores: Float64Array
}

export interface Winner {
  /** Part of the answer by candidate; 0 for those left out. */
  readonly weights: number[]
  /** The winner's scores on the held-back rows that may be evaluated. */
  readonly scores: Float64Array
  /** Positions of those rows within the held-back rows. */
  readonly evaluated: Int32Array
}

/**
 * The best candidate by `metric` on the validation rows, evaluated on the test rows that chose nothing.
 *
 * @param validation how many of the held-back rows come first and choose
 */
export function pickBest(
  task: Task,
  metric: string | undefined,
  truth: Float64Array,
  candidates: readonly Scored[],
  validation: number,
): Winner {
  const name = metric ?? defaultMetric(task)
  const outputs = candidates[0]!.scores.length / truth.length
  const values = candidates.map(
    ({ scores }) =>
      evaluate(task, truth.subarray(0, validation), scores.subarray(0, validation * outputs))[name] ?? Number.NaN,
  )
  let best = 0
  values.forEach((value, i) => {
    if (
      !Number.isNaN(value) &&
      (Number.isNaN(values[best]!) || improvement(directionOf(task, name), value, values[best]!) > 0)
    )
      best = i
  })
  return {
    weights: candidates.map((_, i) => (i === best ? 1 : 0)),
    scores: candidates[best]!.scores.slice(validation * outputs),
    evaluated: range(validation, truth.length),
  }
}

/**
 * Mixes the candidates by their loss on held-back rows, and evaluates the mix on all of them by cross-fitting: each half is
 * scored with weights learned on the other, so that no row judges weights it helped to choose.
 *
 * @param most at most so many candidates get a part
 */
export function mix(
  task: Task,
  truth: Float64Array,
  candidates: readonly Scored[],
  validation: number,
  most: number,
): Winner {
  const rows = truth.length
  const outputs = candidates[0]!.scores.length / rows
  const part = (from: number, to: number) =>
    candidates.map(({ scores }) => scores.subarray(from * outputs, to * outputs))
  const weigh = (from: number, to: number) => blendWeights(task, truth.subarray(from, to), part(from, to), { most })
  const scores = new Float64Array(rows * outputs)
  const older = weigh(0, validation)
  const younger = weigh(validation, rows)
  addMixed(scores, candidates, younger, 0, validation * outputs)
  addMixed(scores, candidates, older, validation * outputs, rows * outputs)
  return { weights: weigh(0, rows), scores, evaluated: range(0, rows) }
}

function addMixed(
  into: Float64Array,
  candidates: readonly Scored[],
  weights: readonly number[],
  from: number,
  to: number,
): void {
  candidates.forEach(({ scores }, c) => {
    for (let i = from; i < to; i++) into[i]! += weights[c]! * scores[i]!
  })
}

function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to - from }, (_, i) => from + i)
}
