import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { ProjectSpec } from '#projects/contract'
import {
  type AppliedOnDemand,
  type AppliedView,
  type AppliedViews,
  appliedViews,
  dropOtherViews,
  ensureVersion,
  saveView,
  versionsOf,
} from './catalog-store.ts'
import { contentOf, definitionOf } from './definition.ts'
import { ViewComputed, ViewUnknown } from './errors.ts'

/** Views that somebody asked for. */
export interface Chosen {
  /** In the order they were asked for. */
  readonly stored: readonly AppliedView[]
  readonly onDemand: readonly AppliedOnDemand[]
  /** The stored ones, and those that the others are computed from, each once. */
  readonly read: readonly AppliedView[]
}

/** Which views there are. */
export interface Catalog {
  /** Makes a project's views those of its file, in the transaction that applies it. */
  follow(tx: Tx, project: string, spec: Pick<ProjectSpec, 'features'>): Promise<void>
  /** Those with rows, by name; of one project, or of all. */
  views(project?: string): Promise<readonly AppliedView[]>
  all(project?: string): Promise<AppliedViews>
  /** The views of these names; all when there are no names. @throws ViewUnknown */
  named(project: string, names?: readonly string[]): Promise<Chosen>
  /** As `named`, at most a second old: for answers that cannot wait for the database each time. */
  recent(project: string, names?: readonly string[]): Promise<Chosen>
  /** The views of these names, whose rows are meant; all with rows when there are no names. @throws ViewUnknown, ViewComputed */
  withRows(project: string, names?: readonly string[]): Promise<readonly AppliedView[]>
  /** Lets `recent` look anew. */
  forget(): void
  versions(project: string, view: string): Promise<{ id: number; version: number; content: string; since: number }[]>
}

const MOST_RECENT = 1_000

/** Other servers on the same database change it, too. */
const RECENT_MS = 1_000

export function openCatalog({ storage, clock }: { storage: Storage; clock: Clock }): Catalog {
  const recent = new Map<string, { at: number; views: Promise<AppliedViews>; all?: Chosen }>()

  function recentViews(project: string): Promise<AppliedViews> {
    const now = performance.now()
    const known = recent.get(project)
    if (known && now - known.at < RECENT_MS) return known.views
    // Names that callers make up must not take memory.
    if (recent.size >= MOST_RECENT) recent.clear()
    const views = appliedViews(storage, project)
    recent.set(project, { at: now, views })
    views.catch(() => recent.delete(project))
    return views
  }

  const forget = () => recent.clear()

  return {
    follow: async (tx, project, { features }) => {
      await storage.capabilities.serialize(tx, `features_views ${project}`)
      for (const [name, written] of Object.entries(features)) {
        const definition = definitionOf(name, written, features)
        const content = contentOf(definition)
        const applied = await ensureVersion(tx, { project, definition, content, at: clock.now() })
        await saveView(tx, { project, applied, definition })
      }
      await dropOtherViews(tx, project, Object.keys(features))
      storage.afterCommit(tx, forget)
    },
    views: async (project) => (await appliedViews(storage, project)).stored,
    all: (project) => appliedViews(storage, project),
    named: async (project, names) => choose(project, await appliedViews(storage, project), names),
    recent: async (project, names) => {
      const views = await recentViews(project)
      const known = recent.get(project)
      if (names || !known) return choose(project, views, names)
      known.all ??= choose(project, views, undefined)
      return known.all
    },
    withRows: async (project, names) => {
      const { stored, onDemand } = choose(project, await appliedViews(storage, project), names)
      if (names && onDemand.length > 0) throw new ViewComputed(onDemand[0]!.definition.name)
      return stored
    },
    forget,
    versions: (project, view) => versionsOf(storage, project, view),
  }
}

function choose(project: string, all: AppliedViews, names: readonly string[] | undefined): Chosen {
  const wanted = names ?? [...all.stored, ...all.onDemand].map(({ definition }) => definition.name)
  const stored: AppliedView[] = []
  const onDemand: AppliedOnDemand[] = []
  for (const name of wanted) {
    const view = all.stored.find(({ definition }) => definition.name === name)
    const computed = all.onDemand.find(({ definition }) => definition.name === name)
    if (view) stored.push(view)
    else if (computed) onDemand.push(computed)
    else {
      const known = [...all.stored, ...all.onDemand].map(({ definition }) => definition.name)
      throw new ViewUnknown(project, name, known)
    }
  }
  const sources = new Set(onDemand.flatMap(({ definition }) => definition.sources.views.map(({ name }) => name)))
  const behind = all.stored.filter((view) => sources.has(view.definition.name) && !stored.includes(view))
  return { stored, onDemand, read: [...stored, ...behind] }
}
