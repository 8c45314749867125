import type { Task } from './contract.ts'
import { predictedClasses } from './multiclass.ts'
import { classCount, type Values } from './scored.ts'

/**
 * Rows by their true class, and of these by the class that was answered.
 *
 * @param threshold binary scores from here on are answered as the second class
 * @returns classes × classes counts; `null` for a regression
 */
export function confusionMatrix(task: Task, truth: Values, scores: Values, threshold = 0.5): number[][] | null {
  if (task === 'regression') return null
  const classes = task === 'binary' ? 2 : classCount(truth, scores)
  const said =
    task === 'binary'
      ? Int32Array.from(scores, (score) => (score >= threshold ? 1 : 0))
      : predictedClasses(scores, classes)
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let row = 0; row < truth.length; row++) counts[truth[row]!]![said[row]!]!++
  return counts
}
