import type { Experiment } from '#tracking'
import { clauseHolds, compareValues } from './clause-holds.ts'
import { ParameterInvalid } from './dialect.ts'
import { type Clause, parseFilter, parseOrder } from './filter.ts'

const ATTRIBUTES = new Map<string, (experiment: Experiment) => string | number>(
  Object.entries({
    experiment_id: (experiment: Experiment) => experiment.id,
    name: (experiment: Experiment) => experiment.name,
    creation_time: (experiment: Experiment) => experiment.createdAt,
    last_update_time: (experiment: Experiment) => experiment.updatedAt,
  }),
)

/** MLflow's search over experiments, of which there are few. @throws ParameterInvalid */
export function selectExperiments(
  experiments: readonly Experiment[],
  search: { filter: string; order_by: readonly string[] },
): Experiment[] {
  const clauses = parseFilter(search.filter)
  const orders = search.order_by.map(parseOrder)
  for (const { on, key } of [...clauses, ...orders]) {
    if (on === 'attribute' ? !ATTRIBUTES.has(key) : on !== 'tag')
      throw new ParameterInvalid(`Experiments have no ${on} '${key}' to search by.`)
  }
  const selected = experiments.filter((experiment) =>
    clauses.every((clause) => clauseHolds(answerOf(experiment, clause), clause)),
  )
  return selected.sort((a, b) => {
    for (const order of orders) {
      const way = compareValues(answerOf(a, order), answerOf(b, order))
      if (way !== 0) return order.direction === 'asc' ? way : -way
    }
    return 0
  })
}

function answerOf(experiment: Experiment, { on, key }: Pick<Clause, 'on' | 'key'>): string | number | undefined {
  if (on === 'tag') return Object.hasOwn(experiment.tags, key) ? experiment.tags[key] : undefined
  return ATTRIBUTES.get(key)!(experiment)
}
