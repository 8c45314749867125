import type { Clock } from '#platform/time'
import type { Catalog } from './catalog.ts'
import type { AppliedView } from './catalog-store.ts'
import type { OnlineReply, ViewFreshness } from './contract.ts'
import type { ViewDefinition } from './definition.ts'
import { entityKey, type KeyCell } from './entity-key.ts'
import { EntityMissing, FeatureNameTaken, ViewNotOnline } from './errors.ts'
import type { OnlineRow, OnlineStore } from './online-store.ts'
import { pushedRow } from './pushed-row.ts'

export type Cell = number | string | boolean | null

/** What an entity is asked for with: its keys, and whatever else a record holds. */
export type Entity = Readonly<Record<string, Cell | undefined>>

export interface Online {
  /** The features of entities as they are kept now, with their freshness. */
  read(request: {
    project: string
    views?: readonly string[] | undefined
    entities: readonly Entity[]
    fullNames: boolean
  }): Promise<OnlineReply>
  /** Keeps single rows; those of an earlier moment than what is kept change nothing. */
  push(request: { project: string; view: string; rows: readonly Entity[] }): Promise<{ kept: number; older: number }>
}

export function openOnline(needs: { clock: Clock; catalog: Catalog; store: OnlineStore }): Online {
  const { clock, catalog, store } = needs

  return {
    read: async ({ project, views: names, entities, fullNames }) => {
      const views = (await catalog.recent(project, names)).filter((view) => {
        if (view.definition.online) return true
        if (names) throw new ViewNotOnline(view.definition.name)
        return false
      })
      const answering = views.map(answeringView)
      if (!fullNames) refuseSameNames(answering)
      const wanted = entities.flatMap((entity, row) =>
        answering.map(({ id, definition }) => ({ version: id, entity: keyOf(definition, entity, row) })),
      )
      const found = new Map((await store.get(wanted)).map((row) => [`${row.version} ${row.entity}`, row]))
      const now = clock.now()
      const rows = entities.map((_, r) => {
        const values: Record<string, number | string | null> = {}
        const freshness: Record<string, ViewFreshness> = {}
        for (let v = 0; v < answering.length; v++) {
          const { definition } = answering[v]!
          const { version, entity } = wanted[r * answering.length + v]!
          const row = found.get(`${version} ${entity}`)
          const fresh = freshnessOf(row, definition.ttl, now)
          const holds = fresh.status === 'present'
          for (let c = 0; c < definition.columns.length; c++) {
            const { name } = definition.columns[c]!
            values[fullNames ? `${definition.name}__${name}` : name] = holds ? row!.cells[c]! : null
          }
          freshness[definition.name] = fresh
        }
        return { values, views: freshness }
      })
      return {
        versions: Object.fromEntries(answering.map(({ definition, number }) => [definition.name, number])),
        rows,
      }
    },
    push: async ({ project, view: name, rows }) => {
      const [view] = await catalog.named(project, [name])
      if (!view!.definition.online) throw new ViewNotOnline(name)
      const now = clock.now()
      const answering = answeringView(view!)
      const pushed = rows.map((row, i) => pushedRow(answering.definition, row, i, now))
      // A version that is being materialized would otherwise start without what was pushed meanwhile.
      const next = answering.id === view!.id ? [] : rows.flatMap((row, i) => fitting(view!, row, i, now))
      const kept = await Promise.all(pushed.map((row) => store.push(answering.id, row, now)))
      await Promise.all(next.map((row) => store.push(view!.id, row, now)))
      const newest = kept.filter(Boolean).length
      return { kept: newest, older: pushed.length - newest }
    },
  }
}

interface AnsweringView {
  readonly id: number
  readonly number: number
  readonly definition: ViewDefinition
}

/** The last version that was materialized, until the one that is applied is. */
export const answeringView = ({ serving, id, number, definition }: AppliedView): AnsweringView =>
  serving ?? { id, number, definition }

function fitting(view: AppliedView, row: Entity, index: number, now: number): OnlineRow[] {
  try {
    return [pushedRow(view.definition, row, index, now)]
  } catch {
    return []
  }
}

function keyOf({ entities, name }: ViewDefinition, entity: Entity, row: number): string {
  if (entities.length === 1) return entityKey([keyCell(entity, entities[0]!, row, name)])
  return entityKey(entities.map((key) => keyCell(entity, key, row, name)))
}

function keyCell(entity: Entity, key: string, row: number, view: string): KeyCell {
  const cell = Object.hasOwn(entity, key) ? entity[key] : undefined
  if (cell === undefined || cell === null) throw new EntityMissing(row, key, [view])
  return cell
}

function refuseSameNames(views: readonly AnsweringView[]): void {
  const taken = new Set<string>()
  for (const { definition } of views)
    for (const { name } of definition.columns) {
      if (taken.has(name)) throw new FeatureNameTaken(name, definition.name)
      taken.add(name)
    }
}

/** How old what is kept is, and whether it still holds: the last moment of its time to live belongs to it. */
export function freshnessOf(
  row: { eventTime: number; writtenAt: number } | undefined,
  ttl: number | null,
  now: number,
): ViewFreshness {
  if (!row) return { status: 'not_found', eventTime: null, age: null, writtenAt: null }
  const eventTime = row.eventTime / 1_000
  const age = now - eventTime
  return { status: ttl !== null && age > ttl ? 'outside_ttl' : 'present', eventTime, age, writtenAt: row.writtenAt }
}
