import { createHash } from 'node:crypto'
import type { FeatureView } from '#projects/contract'

export type FeatureType = 'number' | 'text'

export interface FeatureColumn {
  readonly name: string
  readonly type: FeatureType
  readonly description: string
}

/** A view with nothing left to decide: what a version of it is. */
export interface ViewDefinition {
  readonly name: string
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

export function definitionOf(name: string, view: FeatureView): ViewDefinition {
  return {
    name,
    from: [view.from].flat(),
    sql: view.sql ?? null,
    entities: view.entities,
    time: view.time,
    created: view.created ?? null,
    ttl: view.ttl ?? null,
    columns: Object.entries(view.columns).map(([column, written]) =>
      typeof written === 'string'
        ? { name: column, type: written, description: '' }
        : { name: column, type: written.type, description: written.description },
    ),
    description: view.description,
    owner: view.owner,
    online: view.online,
    every: view.every,
  }
}

/** Equal for views that give the same values: words about a view, and how often it is kept fresh, make no new version. */
export function contentOf({ from, sql, entities, time, created, ttl, columns }: ViewDefinition): string {
  const facts = [from, sql, entities, time, created, ttl, columns.map(({ name, type }) => [name, type])]
  return `sha256:${createHash('sha256').update(JSON.stringify(facts)).digest('hex')}`
}
