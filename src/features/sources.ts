import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Data, type IngestedTable, lookOfSource, type ServerSources } from '#data'
import type { Blobs } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { StoredProject } from '#projects'
import type { AppliedView } from './catalog-store.ts'
import type { ViewUse } from './contract.ts'
import type { ViewInput } from './relation.ts'
import type { ReadSourceInput } from './workers/read-source.ts'

const HOUR = 3_600_000
const MEMORY_MB = 2_048

/** A view with the tables it is to be computed from. */
export interface OpenedView {
  readonly input: ViewInput
  readonly use: ViewUse
}

export interface Sources {
  /**
   * Views over the latest versions of their data sets. A data set that has none yet is read from its source.
   *
   * @param options.refresh sources are read again, and what changed in them becomes a new version first
   */
  open(
    project: StoredProject,
    views: readonly AppliedView[],
    options?: { refresh?: boolean; signal?: AbortSignal; progress?: (message: string) => void },
  ): Promise<OpenedView[]>
}

export function openSources(needs: {
  storage: Storage
  blobs: Blobs
  data: Data
  bring: ServerSources['bring']
  work: string
}): Sources {
  const { storage, blobs, data, bring, work } = needs

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
    open: async (project, views, { refresh = false, signal, progress } = {}) => {
      const versions = new Map<string, { id: string; path: string }>()
      for (const dataset of new Set(views.flatMap(({ definition }) => definition.from))) {
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
      return views.map(({ definition, number }) => {
        const of = <T>(what: 'id' | 'path') =>
          Object.fromEntries(definition.from.map((set) => [set, versions.get(set)![what]])) as T
        return {
          input: { view: definition, tables: of<Record<string, string>>('path') },
          use: { view: definition.name, version: number, tables: of<Record<string, string>>('id') },
        }
      })
    },
  }
}
