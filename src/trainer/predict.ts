import type { Column, Frame } from '#platform/table'
import { linearScores } from './linear/score.ts'
import { type Learner, outputCount, type TabularModel, type Task } from './model.ts'
import { columnsFor } from './signature.ts'
import { treeScores } from './trees/score.ts'

/**
 * What the model answers for each row of `frame`.
 *
 * @returns binary: the probability of `classes[1]` per row; multiclass: rows × classes, a row's probabilities side by
 *   side; regression: the value per row
 * @throws FrameMismatch when a feature is absent or of the wrong kind
 */
export function predict(model: TabularModel, frame: Frame): Float64Array {
  const columns = columnsFor(model.features, frame)
  const outputs = outputCount(model)
  const answer = new Float64Array(frame.rows * outputs)
  for (const { weight, learner } of model.members) {
    const scores = rawScores(learner, columns, frame.rows)
    addAnswers(model.task, scores, frame.rows, outputs, weight, answer)
  }
  return answer
}

function rawScores(learner: Learner, columns: readonly Column[], rows: number): Float64Array {
  return learner.kind === 'linear' ? linearScores(learner, columns, rows) : treeScores(learner, columns, rows)
}

function addAnswers(
  task: Task,
  scores: Float64Array,
  rows: number,
  outputs: number,
  weight: number,
  answer: Float64Array,
): void {
  if (task === 'regression') for (let r = 0; r < rows; r++) answer[r]! += weight * scores[r]!
  else if (task === 'binary') for (let r = 0; r < rows; r++) answer[r]! += weight / (1 + Math.exp(-scores[r]!))
  else
    for (let r = 0; r < rows; r++) {
      let most = -Infinity
      for (let k = 0; k < outputs; k++) most = Math.max(most, scores[k * rows + r]!)
      let sum = 0
      for (let k = 0; k < outputs; k++) sum += Math.exp(scores[k * rows + r]! - most)
      for (let k = 0; k < outputs; k++)
        answer[r * outputs + k]! += (weight * Math.exp(scores[k * rows + r]! - most)) / sum
    }
}
