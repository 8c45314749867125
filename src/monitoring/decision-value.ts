import type { DecisionValue } from '#projects'

/** What one decision was worth, or undefined where the project file gives its kind no amounts. */
export function worthOf(value: DecisionValue, task: string): ((answer: number, truth: number) => number) | undefined {
  const { true_positive, false_positive, true_negative, false_negative, right = 0, wrong = 0 } = value
  if (task === 'regression') return undefined
  const byOutcome = [true_positive, false_positive, true_negative, false_negative].some((one) => one !== undefined)
  if (!byOutcome || task !== 'binary') return (answer, truth) => (answer === truth ? right : wrong)
  return (answer, truth) =>
    (truth === 1 ? (answer === 1 ? true_positive : false_negative) : answer === 1 ? false_positive : true_negative) ?? 0
}
