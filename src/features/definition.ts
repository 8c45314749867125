import { createHash } from 'node:crypto'
import { compileOnDemand, type OnDemandSources } from '#projects'
import { type FeatureView, isOnDemand, type OnDemandView, type StoredView, type StreamSource } from '#projects/contract'

export type FeatureType = 'number' | 'text'

export interface FeatureColumn {
  readonly name: string
  readonly type: FeatureType
  readonly description: string
  /** What is streamed or pushed may lack it. */
  readonly optional?: boolean
}

/** A view with nothing left to decide: what a version of it is. */
export interface ViewDefinition {
  readonly name: string
  /** The stream its rows come from; they are kept in a data set of its name. */
  readonly stream?: StreamSource
  /** The data sets it reads. */
  readonly from: readonly string[]
  /** One SELECT over them; null takes the columns of the only one as they are. */
  readonly sql: string | null
  readonly entities: readonly string[]
  readonly time: string
  readonly created: string | null
  /** How long a row holds, ms. */
  readonly ttl: number | null
  readonly columns: readonly FeatureColumn[]
  readonly description: string
  readonly owner: string
  readonly online: boolean
  /** How often the online values follow the data, ms. */
  readonly every: number
}

export interface ComputedColumn extends FeatureColumn {
  readonly expression: string
}

/** A view of which nothing is kept: computed from the features of others, and from what a request says. */
export interface OnDemandDefinition {
  readonly name: string
  readonly sources: OnDemandSources
  readonly columns: readonly ComputedColumn[]
  readonly description: string
  readonly owner: string
}

export type Definition = ViewDefinition | OnDemandDefinition

export const isComputed = (definition: Definition): definition is OnDemandDefinition => 'sources' in definition

/** @param views all of the project's, by name */
export function definitionOf(
  name: string,
  view: FeatureView,
  views: Readonly<Record<string, FeatureView>>,
): Definition {
  return isOnDemand(view) ? onDemandOf(name, view, views) : storedOf(name, view)
}

function storedOf(name: string, view: StoredView): ViewDefinition {
  return {
    name,
    ...(view.stream && { stream: view.stream }),
    from: view.stream ? [name] : [view.from!].flat(),
    sql: view.sql ?? null,
    entities: view.entities,
    time: view.time,
    created: view.created ?? null,
    ttl: view.ttl ?? null,
    columns: Object.entries(view.columns).map(([column, written]) =>
      typeof written === 'string'
        ? { name: column, type: written, description: '' }
        : {
            ...{ name: column, type: written.type, description: written.description },
            ...(written.optional && { optional: true }),
          },
    ),
    description: view.description,
    owner: view.owner,
    online: view.online,
    every: view.every,
  }
}

function onDemandOf(
  name: string,
  { on_demand, columns: written, description, owner }: OnDemandView,
  views: Readonly<Record<string, FeatureView>>,
): OnDemandDefinition {
  const sources: OnDemandSources = {
    request: Object.entries(on_demand.request).map(([value, type]) => ({ name: value, type })),
    views: on_demand.views.map((other) => {
      const { columns } = storedOf(other, views[other] as StoredView)
      return { name: other, columns: columns.map(({ name: column, type }) => ({ name: column, type })) }
    }),
  }
  const columns = Object.entries(written).map(([column, one]) =>
    typeof one === 'string'
      ? { name: column, expression: one, description: '' }
      : { name: column, expression: one.is, description: one.description },
  )
  const { columns: compiled } = compileOnDemand(sources, expressionsOf(columns))
  const kindOf = new Map(compiled.map(({ name: column, kind }) => [column, kind]))
  return {
    ...{ name, sources, description, owner },
    columns: columns.map((one) => ({ ...one, type: kindOf.get(one.name)! })),
  }
}

export function expressionsOf(columns: readonly { name: string; expression: string }[]): Record<string, string> {
  return Object.fromEntries(columns.map(({ name, expression }) => [name, expression]))
}

/** Equal for views that give the same values: words about a view, and how often it is kept fresh, make no new version. */
export function contentOf(definition: Definition): string {
  return `sha256:${createHash('sha256')
    .update(JSON.stringify(factsOf(definition)))
    .digest('hex')}`
}

function factsOf(definition: Definition): unknown[] {
  if (isComputed(definition)) return [definition.sources, expressionsOf(definition.columns)]
  const { from, sql, entities, time, created, ttl, columns } = definition
  return [from, sql, entities, time, created, ttl, columns.map(({ name, type }) => [name, type])]
}
