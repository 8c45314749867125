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
  versions(project: string, view: string): Promise<{ version: number; content: string; since: number }[]>
}

export function openCatalog({ storage, clock }: { storage: Storage; clock: Clock }): Catalog {
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
    },
    views: (project) => appliedViews(storage, project),
    named: async (project, names) => {
      const views = await appliedViews(storage, project)
      if (!names) return views
      return names.map((name) => {
        const found = views.find(({ definition }) => definition.name === name)
        if (found) return found
        throw new ViewUnknown(
          project,
          name,
          views.map(({ definition }) => definition.name),
        )
      })
    },
    versions: (project, view) => versionsOf(storage, project, view),
  }
}
