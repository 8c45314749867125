import { evaluate } from '#evaluation'
import { takeRows } from '#platform/table'
import { blend, fitModel, predict, type TabularModel } from '#trainer'
import type { HeldBack } from './held-back.ts'
import { learnedFrom, pick, type TrainingTable, youngest } from './table.ts'
import { ageWeights, type Trial } from './trials.ts'

export interface FittedTrial {
  readonly trial: Trial
  /** Fitted without the held-back rows. */
  readonly model: TabularModel
  /** On the held-back rows, validation first. */
  readonly scores: Float64Array
  /** `validation.<name>` and `test.<name>`. */
  readonly metrics: Record<string, number>
  readonly startedAt: number
  readonly endedAt: number
}

/** Fits the candidates one after the other; after `budget` ms no further one is started. */
export function fitTrials(
  table: TrainingTable,
  held: HeldBack,
  trials: readonly Trial[],
  budget: number | undefined,
  progress: (message: string, fraction: number) => void,
): FittedTrial[] {
  const { problem } = table
  const learned = learnedFrom(table)
  const frame = takeRows(learned, held.train)
  const target = pick(table.target, held.train)
  const times = table.times && pick(table.times, held.train)
  const heldRows = Int32Array.from([...held.validation, ...held.test])
  const heldFrame = takeRows(learned, heldRows)
  const truth = pick(table.target, heldRows)
  const began = Date.now()
  const fitted: FittedTrial[] = []
  for (const [i, trial] of trials.entries()) {
    const startedAt = Date.now()
    if (i > 0 && budget !== undefined && startedAt - began > budget) break
    progress(`trial ${i + 1} of ${trials.length}: ${trial.recipe.learner.replace('_', ' ')}`, i / trials.length)
    const weights = ageWeights(times, frame.rows, latest(times), trial)
    const model = fitModel(problem, trial.recipe, { frame, target, weights })
    const scores = predict(model, heldFrame)
    const part = (name: string, from: number, to: number) => {
      const width = scores.length / truth.length
      const metrics = evaluate(problem.task, truth.subarray(from, to), scores.subarray(from * width, to * width))
      return Object.entries(metrics).map(([metric, value]) => [`${name}.${metric}`, value] as const)
    }
    const middle = held.validation.length
    const metrics = Object.fromEntries([...part('validation', 0, middle), ...part('test', middle, truth.length)])
    fitted.push({ trial, model, scores, metrics, startedAt, endedAt: Date.now() })
  }
  return fitted
}

/** The winner fitted again on every row: what was held back is the freshest the model can learn from. */
export function refit(
  table: TrainingTable,
  parts: readonly { trial: Trial; weight: number }[],
  progress: (message: string, fraction: number) => void,
): { model: TabularModel; weights: Float64Array } {
  const { target, times, problem } = table
  const frame = learnedFrom(table)
  const total = new Float64Array(frame.rows)
  const models = parts.map(({ trial, weight }, i) => {
    progress(`fitting the winner on every row`, i / parts.length)
    const weights = ageWeights(times, frame.rows, latest(times), trial)
    for (let r = 0; r < frame.rows; r++) total[r]! += weight * weights[r]!
    return fitModel(problem, trial.recipe, { frame, target, weights })
  })
  return {
    model: blend(
      models,
      parts.map((part) => part.weight),
    ),
    weights: total,
  }
}

function latest(times: Float64Array | undefined): number {
  return times ? youngest(times) : 0
}
