/** MLflow's filter and order of traces as conditions on our own. Pure. */
import type { Condition, Order } from '#tracing'
import { ParameterInvalid } from './dialect.ts'
import { type Clause, type Grammar, parseFilterWith, parseOrderWith } from './filter.ts'
import { SESSION, SOURCE_RUN, STATES, TRACE_NAME } from './trace-entities.ts'

type Entity = 'attribute' | 'tag' | 'metadata' | 'span' | 'feedback' | 'expectation' | 'issue'

const TRACES: Grammar<Entity> = new Map<string, Entity>(
  Object.entries({
    ...{ attribute: 'attribute', attributes: 'attribute', trace: 'attribute' },
    ...{ tag: 'tag', tags: 'tag', metadata: 'metadata', request_metadata: 'metadata' },
    ...{ span: 'span', feedback: 'feedback', expectation: 'expectation', issue: 'issue' },
  }),
)

type Attribute = Extract<Condition, { on: 'attribute' }>['key']

const ATTRIBUTES = new Map<string, Attribute>(
  Object.entries({
    ...{ request_id: 'id', trace_id: 'id', status: 'state', state: 'state', name: 'name' },
    ...{ timestamp: 'startedAt', timestamp_ms: 'startedAt', request_time: 'startedAt' },
    ...{ execution_time: 'durationMs', execution_time_ms: 'durationMs', execution_duration: 'durationMs' },
    ...{ end_time: 'endedAt', end_time_ms: 'endedAt', client_request_id: 'clientRequestId' },
  } as const),
)

const NUMBERS: ReadonlySet<string> = new Set(['startedAt', 'durationMs', 'endedAt'])

/** Tags and metadata of the original that are facts of their own here. */
const FACTS = new Map<string, Attribute>([
  [`tag ${TRACE_NAME}`, 'name'],
  [`metadata ${SESSION}`, 'session'],
])

const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=']
const TEXTS: readonly string[] = ['=', '!=', 'like', 'ilike', 'in', 'not in', 'absent', 'present']
const SPAN_KEYS: readonly string[] = ['name', 'type', 'status']

/** @throws ParameterInvalid where the original refuses the filter too, and for RLIKE */
export function conditionsFrom(filter: string): Condition[] {
  if (/\srlike\s/i.test(filter))
    throw new ParameterInvalid('RLIKE is not spoken here: a regular expression can be made to run for years. Use LIKE.')
  return parseFilterWith(TRACES, filter).map(conditionFrom)
}

/** @throws ParameterInvalid */
export function ordersFrom(texts: readonly string[]): Order[] {
  const orders = texts.map((text): Order => {
    const { on, key, direction } = parseOrderWith(TRACES, text)
    if (on === 'attribute' && key.toLowerCase() === 'experiment_id')
      return { on: 'attribute', key: 'experiment', direction }
    const subject = subjectOf(on, key)
    if (subject.on === 'run') return { on: 'attribute', key: 'run', direction }
    if (subject.on === 'attribute' || subject.on === 'tag' || subject.on === 'metadata')
      return { ...subject, direction }
    throw new ParameterInvalid(`Invalid order_by clause '${text.slice(0, 300)}'.`)
  })
  if (new Set(orders.map(({ on, key }) => `${on} ${key}`)).size < orders.length)
    throw new ParameterInvalid('`order_by` contains duplicate fields.')
  return orders
}

function conditionFrom(clause: Clause<Entity>): Condition {
  const { is, value } = clause
  const subject = subjectOf(clause.on, clause.key)
  if (subject.on === 'assessment') {
    if (typeof value === 'number' ? !COMPARISONS.slice(2).includes(is) : !assessable(is)) throw mismatch(clause)
  } else if (subject.on === 'attribute' && NUMBERS.has(subject.key)) {
    if (!COMPARISONS.includes(is)) throw mismatch(clause)
    if (typeof value !== 'number')
      throw new ParameterInvalid(`Expected numeric value type for '${clause.key}'. Found '${value}'.`)
  } else {
    if (!TEXTS.includes(is)) throw mismatch(clause)
    if ((subject.on === 'issue' || subject.on === 'prompt') && is !== '=') throw mismatch(clause)
    if (subject.on === 'text' && is !== 'like' && is !== 'ilike') throw mismatch(clause)
    if (typeof value === 'number')
      throw new ParameterInvalid(`Expected a quoted string value for ${clause.on} '${clause.key}'. Got ${value}.`)
  }
  const translated = typeof value === 'string' ? inOurWords(subject, value) : listInOurWords(subject, value)
  return { ...subject, is, ...(translated !== undefined && { value: translated }) } as Condition
}

type Subject = Condition extends infer C
  ? C extends { on: string }
    ? Omit<C, 'is' | 'value'> & Pick<C, 'on'>
    : never
  : never

function subjectOf(on: Entity, key: string): Subject {
  switch (on) {
    case 'attribute': {
      const name = key.toLowerCase()
      if (name === 'run_id') return { on: 'run' }
      if (name === 'prompt') return { on: 'prompt' }
      if (name === 'text') return { on: 'text' }
      const attribute = ATTRIBUTES.get(name)
      if (attribute) return { on: 'attribute', key: attribute }
      throw new ParameterInvalid(
        `Invalid attribute key '${key.slice(0, 250)}' specified. Valid keys are ${[...ATTRIBUTES.keys(), 'run_id', 'prompt', 'text'].join(', ')}.`,
      )
    }
    case 'span':
      return spanSubject(key)
    case 'feedback':
    case 'expectation':
      return { on: 'assessment', kind: on, key }
    case 'issue':
      if (key === 'id') return { on: 'issue' }
      throw new ParameterInvalid(`Invalid issue attribute '${key.slice(0, 250)}'. Supported attributes: id.`)
    default: {
      if (on === 'metadata' && key === SOURCE_RUN) return { on: 'run' }
      const fact = FACTS.get(`${on} ${key}`)
      return fact ? { on: 'attribute', key: fact } : { on, key }
    }
  }
}

function spanSubject(key: string): Subject {
  if (SPAN_KEYS.includes(key)) return { on: 'span', key: key as 'name' | 'type' | 'status' }
  if (key === 'content') return { on: 'text' }
  const attribute = /^attributes\.(.+)$/s.exec(key)?.[1]
  if (attribute !== undefined) return { on: 'span-attribute', key: attribute }
  throw new ParameterInvalid(
    `Invalid span attribute '${key.slice(0, 250)}'. Supported attributes: ${SPAN_KEYS.join(', ')}, content, attributes.<attribute_name>.`,
  )
}

/** Our states are their statuses in lower case. */
function inOurWords(subject: Subject, value: string): string {
  if (subject.on === 'attribute' && 'key' in subject && subject.key === 'state')
    return STATES[value.toUpperCase()] ?? value
  if (subject.on === 'span' && 'key' in subject && subject.key === 'status') return value.toLowerCase()
  return value
}

function listInOurWords(subject: Subject, value: Clause['value']) {
  return Array.isArray(value) ? value.map((item) => inOurWords(subject, item)) : value
}

const assessable = (is: string) => ['=', '!=', 'like', 'ilike', 'absent', 'present'].includes(is)

const mismatch = ({ on, key, is }: Clause<Entity>) =>
  new ParameterInvalid(`Invalid comparator '${is}' for ${on} '${key.slice(0, 250)}'.`)
