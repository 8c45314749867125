import type { Experiment } from '#tracking'
import { ParameterInvalid } from './dialect.ts'
import { type Clause, parseFilter, parseOrder } from './filter.ts'
import { isLike } from './like.ts'

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
  const selected = experiments.filter((experiment) => clauses.every((clause) => holds(experiment, clause)))
  return selected.sort((a, b) => {
    for (const order of orders) {
      const way = compare(answerOf(a, order), answerOf(b, order))
      if (way !== 0) return order.direction === 'asc' ? way : -way
    }
    return 0
  })
}

function answerOf(experiment: Experiment, { on, key }: Pick<Clause, 'on' | 'key'>): string | number | undefined {
  if (on === 'tag') return Object.hasOwn(experiment.tags, key) ? experiment.tags[key] : undefined
  return ATTRIBUTES.get(key)!(experiment)
}

function holds(experiment: Experiment, clause: Clause): boolean {
  const value = answerOf(experiment, clause)
  if (clause.is === 'absent') return value === undefined
  if (value === undefined) return false
  switch (clause.is) {
    case 'present':
      return true
    case 'like':
    case 'ilike':
      return isLike(String(value), String(clause.value), clause.is === 'ilike')
    case 'in':
      return (clause.value as string[]).includes(String(value))
    case 'not in':
      return !(clause.value as string[]).includes(String(value))
    default: {
      if (typeof value !== typeof clause.value)
        throw new ParameterInvalid(`A ${typeof value} is expected to compare '${clause.key}' with.`)
      const way = compare(value, clause.value as string | number)
      return { '=': way === 0, '!=': way !== 0, '<': way < 0, '<=': way <= 0, '>': way > 0, '>=': way >= 0 }[clause.is]
    }
  }
}

function compare(a: string | number | undefined, b: string | number | undefined): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return a < b ? -1 : 1
}
