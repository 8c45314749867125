import type { Frame } from '#platform/table'
import type { Signature } from '#runtime/contract'
import type { Problem } from '#trainer'

/** What a model of these features has to take and to give: one input per feature. */
export function signatureOf(features: Frame, problem: Problem, label: string): Signature {
  return {
    task: problem.task,
    features: features.columns.map((column) =>
      column.kind === 'numeric'
        ? { name: column.name, kind: 'numeric' as const }
        : { name: column.name, kind: 'categorical' as const, categories: [...column.categories] },
    ),
    classes: problem.task === 'regression' ? [] : [...problem.classes],
    label,
  }
}
