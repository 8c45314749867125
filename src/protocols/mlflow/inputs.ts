import type { Tracking } from '#tracking'
import { clauseHolds } from './clause-holds.ts'
import { ParameterInvalid } from './dialect.ts'
import { INPUT_DATASET } from './entities.ts'
import type { Clause } from './filter.ts'
import type { DatasetInput } from './messages.ts'

/** Tells what a dataset is to a run: `train`, `eval`. */
const CONTEXT = 'mlflow.data.context'

/** A dataset as it was given to runs of an experiment. */
export interface KnownInput {
  experiment: string
  /** The tag that keeps it. */
  tag: readonly [key: string, value: string]
  name: string
  digest: string
  contexts: readonly string[]
}

/** What was given to the runs of these experiments, everything once. */
export async function knownInputs(tracking: Tracking, experiments: readonly string[]): Promise<KnownInput[]> {
  const tags = await tracking.tagsStarting(INPUT_DATASET, experiments)
  return tags.map(({ experiment, key, value }) => {
    const { dataset, tags: told } = JSON.parse(value) as DatasetInput
    const contexts = told.filter((tag) => tag.key === CONTEXT).map((tag) => tag.value)
    return { experiment, tag: [key, value], name: dataset.name, digest: dataset.digest, contexts }
  })
}

const COMPARISONS: readonly string[] = ['=', '!=', 'like', 'ilike', 'in', 'not in']

/** `datasets.name`, `datasets.digest` or `datasets.context`. @throws ParameterInvalid */
export function checkDatasetClause({ key, is, value }: Clause): void {
  if (key !== 'name' && key !== 'digest' && key !== 'context')
    throw new ParameterInvalid(`Invalid dataset key '${key.slice(0, 300)}'. Valid keys are name, digest, context.`)
  if (!COMPARISONS.includes(is)) throw new ParameterInvalid(`Invalid comparator '${is}' for dataset '${key}'.`)
  if (typeof value === 'number') throw new ParameterInvalid(`Expected a quoted string value for dataset '${key}'.`)
}

export function inputMeets(input: KnownInput, clause: Clause): boolean {
  if (clause.key === 'context') return input.contexts.some((context) => clauseHolds(context, clause))
  return clauseHolds(clause.key === 'name' ? input.name : input.digest, clause)
}
