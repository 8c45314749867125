import type { Clock } from '#platform/time'
import type { Catalog } from './catalog.ts'
import type { AppliedOnDemand, AppliedView } from './catalog-store.ts'
import { type Compute, lackedBy } from './computing.ts'
import type { OnlineReply, ViewFreshness } from './contract.ts'
import type { OnDemandDefinition, ViewDefinition } from './definition.ts'
import { entityKey, type KeyCell } from './entity-key.ts'
import { EntityMissing, FeatureNameTaken, ViewNotOnline } from './errors.ts'
import type { KeptRow, OnlineRow, OnlineStore } from './online-store.ts'
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

export function openOnline(needs: {
  clock: Clock
  catalog: Catalog
  store: OnlineStore
  compute: (view: AppliedOnDemand) => Compute
}): Online {
  const { clock, catalog, store, compute } = needs

  return {
    read: async ({ project, views: names, entities, fullNames }) => {
      const { stored, onDemand, read: needed } = await catalog.recent(project, names)
      const isShown = ({ definition }: AppliedView) => {
        if (names && !definition.online) throw new ViewNotOnline(definition.name)
        return definition.online
      }
      const shown = stored.filter(isShown).length
      // Those that are not asked for come last: others are computed from them.
      const answering = needed.filter(({ definition }) => definition.online).map(answeringView)
      const computed = onDemand.map((view) => ({ view, columnsFor: compute(view) }))
      if (!fullNames) refuseSameNames([...answering.slice(0, shown), ...onDemand])
      const wanted = entities.flatMap((entity, row) =>
        answering.map(({ id, definition }) => ({ version: id, entity: keyOf(definition, entity, row) })),
      )
      const found = new Map((await store.get(wanted)).map((row) => [`${row.version} ${row.entity}`, row]))
      const now = clock.now()
      const rows = entities.map((entity, r) => {
        const values: Record<string, number | string | null> = {}
        const freshness: Record<string, ViewFreshness> = {}
        const kept: KeptView[] = []
        for (let v = 0; v < answering.length; v++) {
          const { definition } = answering[v]!
          const { version, entity } = wanted[r * answering.length + v]!
          const row = found.get(`${version} ${entity}`)
          const fresh = freshnessOf(row, definition.ttl, now)
          const cells = fresh.status === 'present' ? row!.cells : undefined
          if (computed.length > 0) kept.push({ definition, cells, fresh })
          if (v >= shown) continue
          for (let c = 0; c < definition.columns.length; c++) {
            const { name } = definition.columns[c]!
            values[fullNames ? `${definition.name}__${name}` : name] = cells ? cells[c]! : null
          }
          freshness[definition.name] = fresh
        }
        for (const { view, columnsFor } of computed) {
          const { name: from, columns } = view.definition
          // Somebody who asks for everything need not know what each view takes.
          const lacks = !names && lackedBy(entity, view.definition) !== undefined
          const cells = lacks ? undefined : columnsFor(entity, r, (source, column) => cellOf(kept, source, column))
          columns.forEach(({ name }, c) => {
            values[fullNames ? `${from}__${name}` : name] = cells ? cells[c]! : null
          })
          freshness[from] = lacks ? LACKING : computedFrom(kept, view.definition)
        }
        return { values, views: freshness }
      })
      const versions = [...answering.slice(0, shown), ...onDemand]
      return {
        versions: Object.fromEntries(versions.map(({ definition, number }) => [definition.name, number])),
        rows,
      }
    },
    push: async ({ project, view: name, rows }) => {
      const [view] = await catalog.withRows(project, [name])
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

/** What was found of a view that others are computed from. */
interface KeptView {
  readonly definition: ViewDefinition
  /** Those that hold. */
  readonly cells: KeptRow['cells'] | undefined
  readonly fresh: ViewFreshness
}

function cellOf(kept: readonly KeptView[], view: string, column: string): number | string | null {
  const found = kept.find(({ definition }) => definition.name === view)
  // A version that answers until the next one is ready may not have the column yet.
  const place = found?.definition.columns.findIndex(({ name }) => name === column) ?? -1
  return found?.cells?.[place] ?? null
}

const LACKING: ViewFreshness = { status: 'request_lacks', eventTime: null, age: null, writtenAt: null }

/** As old as the oldest of what it was computed from. */
function computedFrom(kept: readonly KeptView[], { sources }: OnDemandDefinition): ViewFreshness {
  const used = kept.filter(({ definition }) => sources.views.some(({ name }) => name === definition.name))
  const oldest = used.reduce<ViewFreshness | undefined>(
    (last, { fresh }) => (fresh.age !== null && (last?.age ?? -1) < fresh.age ? fresh : last),
    undefined,
  )
  return { ...(oldest ?? LACKING), status: 'computed' }
}

function refuseSameNames(
  views: readonly { definition: { name: string; columns: readonly { name: string }[] } }[],
): void {
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
