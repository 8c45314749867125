import type { Data } from '#data'
import type { Events } from '#platform/events'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Catalog } from './catalog.ts'
import type { AppliedView } from './catalog-store.ts'
import type { SkewMeasure } from './contract.ts'
import { lastMaterialization, saveSkew, skewOf, unserveVersion } from './materialization-store.ts'
import type { OnlineStore } from './online-store.ts'
import { forgetOldRows } from './materialize.ts'
import { measureSkew } from './skew.ts'
import type { StreamTables } from './streams/stream-table.ts'

/** Keeps the online store in step with the data, and says how well it is. */
export interface Keeper {
  start(): void
  stop(): Promise<void>
  /** Looks at every view once: what is due is materialized, and skew is measured. */
  look(): Promise<void>
}

const LOOK_EVERY_MS = 15_000
const MEASURE_EVERY_MS = 5 * 60_000

/** Below, a difference is one push under way while it was looked at. */
const TELLING_SHARE = 0.01

export function openKeeper(needs: {
  storage: Storage
  events: Events
  clock: Clock
  log: Logger
  data: Data
  catalog: Catalog
  store: OnlineStore
  waiting: StreamTables['waiting']
  /** Queues the materialization of a view; while one is under way, nothing. */
  materialize(project: string, view: string): Promise<unknown>
}): Keeper {
  const { storage, events, clock, log, data, catalog, store, waiting, materialize } = needs
  /** When a view was last asked to be materialized: one that fails is not tried again at once. */
  const asked = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()

  async function keep({ project, id, definition, serving }: AppliedView): Promise<void> {
    const { name, every } = definition
    // Nothing was told yet: there is nothing to follow.
    if (definition.stream && !(await hasRows(project, name))) return
    const last = await lastMaterialization(storage, project, name)
    // A store that was exchanged, or that forgot: the version is written as a whole again.
    if (serving && (last?.facts?.entities ?? 0) > 0 && (await store.isEmpty(serving.id))) {
      await storage.write((tx) => unserveVersion(tx, { project, view: name }))
      catalog.forget()
      await materialize(project, name)
      return
    }
    const key = `${project} ${name} ${id}`
    const latest = Math.max(asked.get(key) ?? 0, serving?.id === id ? (last?.finishedAt ?? 0) : 0)
    if (clock.now() - latest >= every) {
      asked.set(key, clock.now())
      await materialize(project, name)
    }
    if (serving) await measure(project, serving)
  }

  async function hasRows(project: string, view: string): Promise<boolean> {
    return (await data.latest(project, view)) !== undefined || (await waiting(project, view)) > 0
  }

  async function measure(project: string, { id, number, definition }: NonNullable<AppliedView['serving']>) {
    const before = await skewOf(storage, project, definition.name)
    const last = await lastMaterialization(storage, project, definition.name, id)
    if (!last?.facts) return
    const fresh = before && before.measuredAt >= last.finishedAt! && clock.now() - before.measuredAt < MEASURE_EVERY_MS
    if (fresh) return
    const found = await measureSkew(store, id, definition, last.facts.sample)
    const newest = await Promise.all(Object.keys(last.facts.tables).map((set) => data.latest(project, set)))
    const stale = newest.some((version) => version && version.id !== last.facts!.tables[version.dataset])
    const now: SkewMeasure = { measuredAt: clock.now(), ...found, stale }
    await storage.write(async (tx) => {
      await saveSkew(tx, project, definition.name, now)
      if (isSkewed(now) === (before !== undefined && isSkewed(before))) return
      await events.publish(tx, {
        type: isSkewed(now) ? 'features.skew_found' : 'features.skew_gone',
        ...{ project, subject: definition.name },
        data: { version: number, share: now.share, sampled: now.sampled, columns: now.columns },
      })
    })
  }

  async function look(): Promise<void> {
    for (const view of await catalog.views())
      if (view.definition.online)
        await keep(view).catch((err) => log.error({ err, view: view.definition.name }, 'a view could not be kept'))
    await forgetOldRows(catalog, store)
  }

  function schedule(): void {
    timer = setTimeout(() => {
      working = look().catch((err) => log.error({ err }, 'feature views could not be looked at'))
      void working.then(schedule)
    }, LOOK_EVERY_MS)
    timer.unref()
  }

  return {
    look,
    start: () => {
      working = look().catch((err) => log.error({ err }, 'feature views could not be looked at'))
      void working.then(schedule)
    },
    stop: async () => {
      await working
      clearTimeout(timer)
    },
  }
}

export const isSkewed = ({ share }: Pick<SkewMeasure, 'share'>): boolean => share > TELLING_SHARE
