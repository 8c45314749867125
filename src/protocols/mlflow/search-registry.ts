import type { ModelCondition, ModelSearch, VersionCondition, VersionSearch } from '#registry'
import { ParameterInvalid } from './dialect.ts'
import { type Clause, parseFilter, parseOrder } from './filter.ts'

const PATTERNS: readonly string[] = ['=', '!=', 'like', 'ilike']
const LISTS: readonly string[] = [...PATTERNS, 'in', 'not in']
const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=']

/** MLflow's search over registered models. @throws ParameterInvalid where the original refuses it too */
export function modelSearch({ filter, order_by }: Asked): Pick<ModelSearch, 'where' | 'orderBy'> {
  return {
    where: parseFilter(filter).map((clause): ModelCondition => {
      if (clause.on === 'tag') return text({ on: 'tag', key: clause.key }, clause, PATTERNS)
      if (clause.on !== 'attribute' || clause.key !== 'name') throw unknown(clause, ['name'])
      return text({ on: 'attribute', key: 'name' }, clause, LISTS)
    }),
    orderBy: orders(order_by, MODEL_ORDERS),
  }
}

/** MLflow's search over versions, and by alias. @throws ParameterInvalid where the original refuses it too */
export function versionSearch({ filter, order_by }: Asked): Pick<VersionSearch, 'where' | 'orderBy'> {
  return {
    where: parseFilter(filter).map((clause): VersionCondition => {
      if (clause.on === 'tag') return text({ on: 'tag', key: clause.key }, clause, PATTERNS)
      if (clause.on === 'attribute' && clause.key === 'version_number') return versionNumber(clause)
      if (clause.on === 'attribute' && clause.key === 'alias') return text({ on: 'alias', key: '' }, clause, LISTS)
      const key = clause.on === 'attribute' ? VERSION_ATTRIBUTES.get(clause.key) : undefined
      if (!key) throw unknown(clause, [...VERSION_ATTRIBUTES.keys(), 'version_number', 'alias'])
      return text({ on: 'attribute', key }, clause, key === 'source' ? PATTERNS : LISTS)
    }),
    orderBy: orders(order_by.length > 0 ? order_by : ['last_updated_timestamp DESC'], VERSION_ORDERS),
  }
}

interface Asked {
  filter: string
  order_by: readonly string[]
}

const VERSION_ATTRIBUTES = new Map<string, 'name' | 'run' | 'source'>([
  ['name', 'name'],
  ['run_id', 'run'],
  ['source_path', 'source'],
])

const MODEL_ORDERS = new Map<string, ModelSearch['orderBy'][number]['key']>([
  ['name', 'name'],
  ['creation_timestamp', 'createdAt'],
  ['timestamp', 'updatedAt'],
  ['last_updated_timestamp', 'updatedAt'],
])

const VERSION_ORDERS = new Map<string, VersionSearch['orderBy'][number]['key']>([
  ['name', 'name'],
  ['version_number', 'version'],
  ['creation_timestamp', 'createdAt'],
  ['last_updated_timestamp', 'updatedAt'],
])

function text<Subject extends { on: string; key: string }>(
  subject: Subject,
  { on, key, is, value }: Clause,
  comparators: readonly string[],
) {
  if (!comparators.includes(is)) throw new ParameterInvalid(`Invalid comparator for ${on} '${key}': ${is}.`)
  if (typeof value === 'number' || value === undefined)
    throw new ParameterInvalid(`Expected a quoted string value for ${on} '${key}'. Got value ${value}.`)
  return { ...subject, is, value } as Subject & { is: 'like'; value: string }
}

function versionNumber({ key, is, value }: Clause): VersionCondition {
  if (!COMPARISONS.includes(is)) throw new ParameterInvalid(`Invalid comparator for attribute ${key}: ${is}.`)
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new ParameterInvalid(`Invalid value for numeric attribute '${key}': ${String(value).slice(0, 100)}.`)
  return { on: 'attribute', key: 'version', is: is as '=', value: number }
}

function orders<Key>(texts: readonly string[], keys: ReadonlyMap<string, Key>) {
  const known = new Set<Key>()
  return texts.map((written) => {
    const { on, key, direction } = parseOrder(written)
    const column = on === 'attribute' ? keys.get(key) : undefined
    if (column === undefined)
      throw new ParameterInvalid(
        `Invalid order by key '${key.slice(0, 100)}' specified. Valid keys are ${[...keys.keys()].join(', ')}.`,
      )
    if (known.has(column)) throw new ParameterInvalid(`\`order_by\` contains duplicate fields: ${texts.join(', ')}.`)
    known.add(column)
    return { key: column, direction }
  })
}

function unknown({ on, key }: Clause, valid: readonly string[]): ParameterInvalid {
  return new ParameterInvalid(
    on === 'attribute'
      ? `Invalid attribute key '${key.slice(0, 100)}' specified. Valid keys are ${valid.join(', ')}.`
      : `Invalid entity type '${on}'. Valid entity types are attribute, tag.`,
  )
}
