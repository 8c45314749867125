import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { ProjectSpec } from '#projects/contract'
import { type AppliedView, appliedViews, dropOtherViews, ensureVersion, saveView, versionsOf } from './catalog-store.ts'
import { contentOf, definitionOf } from './definition.ts'
import { ViewUnknown } from './errors.ts'

/** Which views there are. */
export interface Catalog {
  /** Makes a project's views those of its file, in the transaction that applies it. */
  follow(tx: Tx, project: string, spec: Pick<ProjectSpec, 'features'>): Promise<void>
  /** By name; of one project, or of all. */
  views(project?: string): Promise<AppliedView[]>
  /** The views of these names in their order; all when there are no names. @throws ViewUnknown */
  named(project: string, names?: readonly string[]): Promise<AppliedView[]>
  /** As `named`, at most a second old: for answers that cannot wait for the database each time. */
  recent(project: string, names?: readonly string[]): Promise<AppliedView[]>
  /** Lets `recent` look anew. */
  forget(): void
  versions(project: string, view: string): Promise<{ version: number; content: string; since: number }[]>
}

const MOST_RECENT = 1_000

/** Other servers on the same database change it, too. */
const RECENT_MS = 1_000

export function openCatalog({ storage, clock }: { storage: Storage; clock: Clock }): Catalog {
  const recent = new Map<string, { at: number; views: Promise<AppliedView[]> }>()

  function recentViews(project: string): Promise<AppliedView[]> {
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
        const definition = definitionOf(name, written)
        const content = contentOf(definition)
        const applied = await ensureVersion(tx, { project, definition, content, at: clock.now() })
        await saveView(tx, { project, applied, definition })
      }
      await dropOtherViews(tx, project, Object.keys(features))
      storage.afterCommit(tx, forget)
    },
    views: (project) => appliedViews(storage, project),
    named: async (project, names) => pick(project, await appliedViews(storage, project), names),
    recent: async (project, names) => pick(project, await recentViews(project), names),
    forget,
    versions: (project, view) => versionsOf(storage, project, view),
  }
}

function pick(project: string, views: AppliedView[], names: readonly string[] | undefined): AppliedView[] {
  if (!names) return views
  return names.map((name) => {
    const found = views.find(({ definition }) => definition.name === name)
    if (found) return found
    const known = views.map(({ definition }) => definition.name)
    throw new ViewUnknown(project, name, known)
  })
}
