import type { Column, NumericColumn } from '#platform/table'
import { levelsOf } from '../signature.ts'
import { standardise } from './design.ts'
import type { LinearLearner } from './learner.ts'

/** Raw scores, output-major: `scores[output * rows + row]`. */
export function linearScores(learner: LinearLearner, columns: readonly Column[], rows: number): Float64Array {
  const { outputs } = learner
  const scores = new Float64Array(rows * outputs)
  for (let k = 0; k < outputs; k++) scores.fill(learner.intercepts[k]!, k * rows, (k + 1) * rows)
  for (const one of learner.numeric) {
    const { values } = columns[one.feature] as NumericColumn
    for (let r = 0; r < rows; r++) {
      const x = Math.fround(values[r]!)
      const missing = Number.isNaN(x)
      const z = standardise(missing ? one.fill : x, one)
      for (let k = 0; k < outputs; k++)
        scores[k * rows + r]! += one.coefficients[k]! * z + (missing ? one.missing[k]! : 0)
    }
  }
  for (const one of learner.categorical) {
    const levels = levelsOf(columns[one.feature]!, one.levels)
    for (let r = 0; r < rows; r++) {
      const level = levels[r]!
      for (let k = 0; k < outputs; k++) {
        if (level >= 0) scores[k * rows + r]! += one.coefficients[level * outputs + k]!
        else if (level === -1) scores[k * rows + r]! += one.missing[k]!
      }
    }
  }
  return scores
}
