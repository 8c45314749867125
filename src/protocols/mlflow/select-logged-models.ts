import type { LoggedModel, MetricValue } from '#tracking'
import { clauseHolds, compareValues } from './clause-holds.ts'
import { ParameterInvalid } from './dialect.ts'
import { type Clause, type Ordering, parseFilter, parseOrder } from './filter.ts'
import { STATUS_NAMES } from './logged-model-status.ts'

export interface DatasetAsked {
  dataset_name: string
  dataset_digest?: string | undefined
}

export interface ModelOrder {
  field_name: string
  ascending: boolean
  dataset_name?: string | undefined
  dataset_digest?: string | undefined
}

/** A search over logged models, read. */
export interface ModelSearch {
  clauses: readonly Clause[]
  orders: readonly (Ordering & { dataset: DatasetAsked | undefined })[]
  datasets: readonly DatasetAsked[]
  /** Whether metrics have to be known to answer it. */
  measures: boolean
}

type Attribute = (model: LoggedModel) => string | number | undefined

const created: Attribute = (model) => model.createdAt
const updated: Attribute = (model) => model.updatedAt
const ATTRIBUTES = new Map<string, Attribute>(
  Object.entries({
    name: (model: LoggedModel) => model.name,
    model_id: (model: LoggedModel) => model.id,
    model_type: (model: LoggedModel) => model.type,
    experiment_id: (model: LoggedModel) => model.experiment,
    source_run_id: (model: LoggedModel) => model.run ?? undefined,
    status: (model: LoggedModel) => STATUS_NAMES[model.status].replace('LOGGED_MODEL_', ''),
    ...{ creation_timestamp: created, creation_timestamp_ms: created, creation_time: created },
    ...{ last_updated_timestamp: updated, last_updated_timestamp_ms: updated },
  }),
)
const NUMBERS = new Set<Attribute>([created, updated])
const NUMBER_COMPARISONS: readonly string[] = ['<', '<=', '>', '>=', '=', '!=']

/** @throws ParameterInvalid */
export function readSearch(asked: {
  filter: string
  datasets: readonly DatasetAsked[]
  order_by: readonly ModelOrder[]
}): ModelSearch {
  const clauses = parseFilter(asked.filter).map(checkedClause)
  const orders = asked.order_by.map(({ field_name, ascending, dataset_name, dataset_digest }) => {
    const { on, key } = parseOrder(field_name)
    if (on === 'attribute' ? !ATTRIBUTES.has(key) : on !== 'metric')
      throw new ParameterInvalid(`Invalid order by field name: ${field_name.slice(0, 300)}.`)
    const direction = ascending ? ('asc' as const) : ('desc' as const)
    return { on, key, direction, dataset: dataset_name ? { dataset_name, dataset_digest } : undefined }
  })
  const { datasets } = asked
  return {
    ...{ clauses, orders, datasets },
    measures: datasets.length > 0 || [...clauses, ...orders].some(({ on }) => on === 'metric'),
  }
}

/** The models that are asked for, in the order that is asked for; the newest first where that says nothing. */
export function selectLoggedModels(
  models: readonly LoggedModel[],
  metricsOf: (model: string) => readonly MetricValue[],
  { clauses, orders, datasets }: ModelSearch,
): LoggedModel[] {
  const measured = clauses.some(({ on }) => on === 'metric')
  const selected = models.filter((model) => {
    const points = metricsOf(model.id).filter((point) => datasets.length === 0 || datasets.some(isOn(point)))
    if (datasets.length > 0 && !measured && points.length === 0) return false
    return clauses.every((clause) =>
      clause.on === 'metric'
        ? points.some(({ key, value }) => key === clause.key && clauseHolds(value, clause))
        : clauseHolds(answerOf(model, clause), clause),
    )
  })
  return selected.sort((a, b) => {
    for (const order of orders) {
      const [of, than] = [a, b].map((model) =>
        order.on === 'metric' ? latest(metricsOf(model.id), order) : answerOf(model, order),
      )
      const way = compareValues(of, than)
      // What is not there comes last either way.
      if (way !== 0) return order.direction === 'asc' || of === undefined || than === undefined ? way : -way
    }
    return b.createdAt - a.createdAt || compareValues(a.id, b.id)
  })
}

function checkedClause(clause: Clause): Clause {
  const { on, key, is, value } = clause
  const attribute = ATTRIBUTES.get(key)
  if (on === 'dataset' || (on === 'attribute' && !attribute))
    throw new ParameterInvalid(`Logged models have no ${on} '${key.slice(0, 300)}' to search by.`)
  const isNumber = on === 'metric' || (on === 'attribute' && NUMBERS.has(attribute!))
  if (isNumber ? !NUMBER_COMPARISONS.includes(is) : ['<', '<=', '>', '>='].includes(is))
    throw new ParameterInvalid(`Invalid comparison operator for ${on} '${key.slice(0, 300)}': '${is}'.`)
  if (isNumber && typeof value !== 'number')
    throw new ParameterInvalid(`Expected a number to compare ${on} '${key.slice(0, 300)}' with.`)
  // Params are texts, and the original takes a number for its text here.
  if (!isNumber && typeof value === 'number') return { ...clause, value: String(value) }
  if (on !== 'attribute' || key !== 'status') return clause
  const short = (text: string) => text.replace(/^LOGGED_MODEL_/, '')
  return {
    ...clause,
    value: Array.isArray(value) ? value.map(short) : typeof value === 'string' ? short(value) : value,
  }
}

function answerOf(model: LoggedModel, { on, key }: Pick<Clause, 'on' | 'key'>): string | number | undefined {
  if (on === 'attribute') return ATTRIBUTES.get(key)!(model)
  const values = on === 'param' ? model.params : model.tags
  return Object.hasOwn(values, key) ? values[key] : undefined
}

function latest(
  points: readonly MetricValue[],
  { key, dataset }: { key: string; dataset: DatasetAsked | undefined },
): number | undefined {
  let last: MetricValue | undefined
  for (const point of points) {
    if (point.key !== key || (dataset && !isOn(point)(dataset))) continue
    if (!last || point.at > last.at || (point.at === last.at && point.step > last.step)) last = point
  }
  return last?.value
}

const isOn =
  ({ dataset }: MetricValue) =>
  ({ dataset_name, dataset_digest }: DatasetAsked) =>
    dataset?.name === dataset_name && (!dataset_digest || dataset.digest === dataset_digest)
