import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Data } from '#data'
import type { Blobs } from '#platform/blobs'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { Projects } from '#projects'
import type { Catalog } from './catalog.ts'
import type { HistoricalBody, JoinBody, JoinedVersion, ViewUse } from './contract.ts'
import type { Sources } from './sources.ts'
import type { JoinedRows, JoinInput, JoinOutput } from './workers/join.ts'

const HOUR = 3_600_000

export interface Historical {
  /** The rows of a small frame with their features. */
  rows(request: HistoricalBody): Promise<JoinedRows & { views: ViewUse[] }>
  /** The work of a job: a whole data set with its features, as a version of another one. */
  join(job: JobContext<JoinBody>): Promise<JoinedVersion>
}

export function openHistorical(needs: {
  storage: Storage
  blobs: Blobs
  projects: Projects
  data: Data
  catalog: Catalog
  sources: Sources
  work: string
}): Historical {
  const { storage, blobs, projects, data, catalog, sources, work } = needs

  async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(work, 'features-'))
    try {
      return await use(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  const joinInChild = <Output extends JoinOutput>(
    input: JoinInput,
    more: { timeoutMs: number; signal?: AbortSignal },
  ) =>
    runInChild<Output>(new URL('./workers/join.ts', import.meta.url), input, {
      ...{ what: 'Joining features', memoryMb: 1_024 },
      ...more,
    })

  return {
    rows: async ({ project: name, views: names, rows, time, fullNames }) => {
      const project = await projects.project(name)
      const opened = await sources.open(project, await catalog.named(name, names))
      const views = opened.map(({ input }) => input)
      const { joined } = await inFolder((folder) =>
        joinInChild<Extract<JoinOutput, { joined: unknown }>>(
          { views, time, fullNames, folder, frame: { rows } },
          { timeoutMs: HOUR / 60 },
        ),
      )
      return { ...joined, views: opened.map(({ use }) => use) }
    },
    join: async (job) => {
      const { project: name, views: names, dataset, time, into, fullNames } = job.input
      return job.step('join', async () => {
        const project = await projects.project(name)
        const of = await data.latest(name, dataset)
        const progress = (message: string) => job.progress({ message })
        const opened = await sources.open(project, await catalog.named(name, names), { signal: job.signal, progress })
        // A data set without a version says so, and how to get one.
        const frame = await data.version(of?.id ?? (await data.versions(name, dataset, { limit: 1, offset: 0 }))[0]!.id)
        const views = opened.map(({ use }) => use)
        return inFolder(async (folder) => {
          const input: JoinInput = {
            ...{ time, fullNames, folder },
            views: opened.map((one) => one.input),
            frame: { parquet: await data.readPath(frame) },
          }
          progress('joining features')
          const { table } = await joinInChild<Extract<JoinOutput, { table: unknown }>>(input, {
            timeoutMs: HOUR,
            signal: job.signal,
          })
          const { parquetPath, bytes: _, ...stored } = table
          const blob = await blobs.putFile(parquetPath)
          const source = { kind: 'joined' as const, source: inWords(dataset, frame.number, views), of: frame.id, views }
          const version = await storage.write((tx) =>
            data.registerVersion(tx, { ...stored, project: name, dataset: into, blob, source }),
          )
          return { version: version.id, dataset: into, number: version.number, rows: version.rows, views }
        })
      })
    },
  }
}

function inWords(dataset: string, number: number, views: readonly ViewUse[]): string {
  return `${dataset}@${number} with ${views.map(({ view, version }) => `${view}@${version}`).join(', ')}`
}
