import type { Data, VersionReader } from '#data'
import type { StoredProject } from '#projects'
import type { Chosen } from './catalog.ts'
import type { AppliedOnDemand, AppliedView } from './catalog-store.ts'
import type { ViewUse } from './contract.ts'
import type { OrderedPlace } from './ordered/ordered-views.ts'
import type { JoinedViews } from './point-in-time.ts'
import type { StreamTables, Wanted } from './streams/stream-table.ts'

/** Views with the tables they are to be computed from, as plain data. */
export interface OpenedViews extends JoinedViews {
  /** Each view as it was used, those that others are computed from included. */
  readonly uses: readonly ViewUse[]
}

/** A version of a data set, where its table lies, and the hash of that. */
interface TableVersion {
  readonly id: string
  readonly path: string
  readonly hash: string
}

export interface Sources {
  /**
   * Views over the latest versions of their data sets. A data set that has none yet is read from its source.
   *
   * @param options.refresh sources are read again, and what changed in them becomes a new version first
   * @param options.told how much of what streams told; everything when refreshed
   */
  open(
    project: StoredProject,
    views: Chosen,
    options?: { refresh?: boolean; told?: Wanted; signal?: AbortSignal; progress?: (message: string) => void },
  ): Promise<OpenedViews>
}

export function openSources(needs: {
  data: Data
  versions: VersionReader
  streamTables: StreamTables
  ordered?: OrderedPlace
}): Sources {
  const { data, versions: reader, streamTables } = needs
  const ordered = needs.ordered && needs.ordered.mostBytes > 0 ? needs.ordered : undefined

  return {
    open: async (
      project,
      { stored, onDemand, read: needed },
      { refresh = false, told = refresh ? 'everything' : 'recent', signal, progress } = {},
    ) => {
      const versions = new Map<string, TableVersion>()
      const take = async (set: string, id: string) => {
        const version = await data.version(id)
        versions.set(set, { id, path: await data.readPath(version), hash: version.blobHash })
      }
      for (const { definition } of needed.filter((view) => view.definition.stream)) {
        progress?.(`keeping the stream of ${definition.name}`)
        const id = await streamTables.version(project.name, definition, { wanted: told, signal })
        await take(definition.name, id)
      }
      const fromData = needed.filter((view) => !view.definition.stream)
      for (const dataset of new Set(fromData.flatMap(({ definition }) => definition.from))) {
        const latest = await data.latest(project.name, dataset)
        // What is trained on grows by the prediction log: its versions are the pipeline's to make.
        const ours = dataset !== project.spec.pipeline.train.with.data
        let id = latest?.id
        if (id === undefined || (refresh && ours)) {
          progress?.(`reading ${dataset}`)
          id = (await reader.current(project, dataset, { signal, progress })).id
        }
        await take(dataset, id)
      }
      const tablesOf = (what: keyof TableVersion, { definition }: AppliedView): Record<string, string> =>
        Object.fromEntries(definition.from.map((set) => [set, versions.get(set)![what]]))
      const use = ({ definition, number }: AppliedView | AppliedOnDemand, tables: ViewUse['tables']): ViewUse => {
        return { view: definition.name, version: number, tables }
      }
      return {
        views: needed.map((view) => {
          const hidden = !stored.includes(view)
          return {
            ...{ view: view.definition, tables: tablesOf('path', view), contents: tablesOf('hash', view) },
            ...(hidden && { hidden }),
          }
        }),
        ordered,
        onDemand: onDemand.map(({ definition }) => definition),
        uses: [...needed.map((view) => use(view, tablesOf('id', view))), ...onDemand.map((view) => use(view, {}))],
      }
    },
  }
}
