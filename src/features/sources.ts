import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Data, type IngestedTable, lookOfSource, type ServerSources } from '#data'
import type { Blobs } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { StoredProject } from '#projects'
import type { Chosen } from './catalog.ts'
import type { AppliedOnDemand, AppliedView } from './catalog-store.ts'
import type { ViewUse } from './contract.ts'
import type { JoinedViews } from './point-in-time.ts'
import type { StreamTables } from './streams/stream-table.ts'
import type { ReadSourceInput } from './workers/read-source.ts'

const HOUR = 3_600_000
const MEMORY_MB = 2_048

/** Views with the tables they are to be computed from, as plain data. */
export interface OpenedViews extends JoinedViews {
  /** Each view as it was used, those that others are computed from included. */
  readonly uses: readonly ViewUse[]
}

export interface Sources {
  /**
   * Views over the latest versions of their data sets. A data set that has none yet is read from its source.
   *
   * @param options.refresh sources are read again, and what changed in them becomes a new version first
   */
  open(
    project: StoredProject,
    views: Chosen,
    options?: { refresh?: boolean; signal?: AbortSignal; progress?: (message: string) => void },
  ): Promise<OpenedViews>
}

export function openSources(needs: {
  storage: Storage
  blobs: Blobs
  data: Data
  bring: ServerSources['bring']
  streamTables: StreamTables
  work: string
}): Sources {
  const { storage, blobs, data, bring, streamTables, work } = needs

  /** What each data set looked like from outside when it was read last, and the version that made. */
  const read = new Map<string, { look: string; version: string }>()

  async function readIfChanged(project: StoredProject, dataset: string, signal: AbortSignal | undefined) {
    const key = `${project.name} ${dataset}`
    // Files that have the same sizes and times are not read again; what is pinned by its hash never changes.
    const look = await lookOfSource(project.spec.data[dataset]!, project.folder)
    const known = read.get(key)
    if (look !== undefined && known?.look === look) return known.version
    const version = await readAnew(project, dataset, signal)
    if (look !== undefined) read.set(key, { look, version })
    return version
  }

  async function readAnew(project: StoredProject, dataset: string, signal: AbortSignal | undefined): Promise<string> {
    const folder = await mkdtemp(join(work, 'features-'))
    try {
      const latest = await data.latest(project.name, dataset)
      const input: ReadSourceInput = {
        spec: project.spec.data[dataset]!,
        ...{ dataset, others: project.spec.data },
        project: project.folder,
        folder,
        previous: latest && (await data.version(latest.id)).schema,
        brought: await bring({ project: project.name, dataset, spec: project.spec.data[dataset]!, folder }),
      }
      const found = await runInChild<IngestedTable>(new URL('./workers/read-source.ts', import.meta.url), input, {
        ...{ what: `Reading ${dataset}`, timeoutMs: HOUR, memoryMb: MEMORY_MB },
        ...(signal && { signal }),
      })
      const { parquetPath, bytes: _, ...table } = found
      const blob = await blobs.putFile(parquetPath)
      const version = await storage.write((tx) =>
        data.registerVersion(tx, { ...table, project: project.name, dataset, blob }),
      )
      return version.id
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    open: async (project, { stored, onDemand, read: needed }, { refresh = false, signal, progress } = {}) => {
      const versions = new Map<string, { id: string; path: string }>()
      for (const { definition } of needed.filter((view) => view.definition.stream)) {
        progress?.(`keeping the stream of ${definition.name}`)
        const id = await streamTables.version(project.name, definition, { refresh, signal })
        versions.set(definition.name, { id, path: await data.readPath(await data.version(id)) })
      }
      const fromData = needed.filter((view) => !view.definition.stream)
      for (const dataset of new Set(fromData.flatMap(({ definition }) => definition.from))) {
        const latest = await data.latest(project.name, dataset)
        // What is trained on grows by the prediction log: its versions are the pipeline's to make.
        const ours = dataset !== project.spec.pipeline.train.with.data
        let id = latest?.id
        if (id === undefined || (refresh && ours)) {
          progress?.(`reading ${dataset}`)
          id = await readIfChanged(project, dataset, signal)
        }
        versions.set(dataset, { id, path: await data.readPath(await data.version(id)) })
      }
      const tablesOf = (what: 'id' | 'path', { definition }: AppliedView): Record<string, string> =>
        Object.fromEntries(definition.from.map((set) => [set, versions.get(set)![what]]))
      const use = ({ definition, number }: AppliedView | AppliedOnDemand, tables: ViewUse['tables']): ViewUse => {
        return { view: definition.name, version: number, tables }
      }
      return {
        views: needed.map((view) => {
          const hidden = !stored.includes(view)
          return { view: view.definition, tables: tablesOf('path', view), ...(hidden && { hidden }) }
        }),
        onDemand: onDemand.map(({ definition }) => definition),
        uses: [...needed.map((view) => use(view, tablesOf('id', view))), ...onDemand.map((view) => use(view, {}))],
      }
    },
  }
}
