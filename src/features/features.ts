import { ulid } from 'ulid'
import type { Data } from '#data'
import type { Blobs } from '#platform/blobs'
import type { Jobs } from '#platform/jobs'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import { type Catalog, openCatalog } from './catalog.ts'
import type { FeaturesJob, JoinBody, JoinedVersion } from './contract.ts'
import { JobUnknown } from './errors.ts'
import { type Historical, openHistorical } from './historical.ts'
import { openSources, type Sources } from './sources.ts'

export interface Features {
  readonly catalog: Catalog
  readonly sources: Sources
  readonly historical: Pick<Historical, 'rows'>
  /** Queues the join of a whole data set. */
  startJoin(request: JoinBody): Promise<{ job: string }>
  job(id: string): Promise<FeaturesJob>
}

const JOIN = 'features.join'

export function openFeatures(needs: {
  storage: Storage
  blobs: Blobs
  jobs: Jobs
  clock: Clock
  projects: Projects
  data: Data
  /** Folder for files under way. */
  work: string
}): Features {
  const { storage, jobs, clock, projects } = needs
  const catalog = openCatalog(needs)
  const sources = openSources(needs)
  const historical = openHistorical({ ...needs, catalog, sources })

  jobs.define<JoinBody, JoinedVersion>({ kind: JOIN, concurrency: 1, attempts: 3, run: historical.join })

  return {
    catalog,
    sources,
    historical,
    startJoin: async (input) => {
      await projects.project(input.project)
      await catalog.named(input.project, input.views)
      const id = ulid(clock.now())
      const { project } = input
      await storage.write((tx) => jobs.enqueue(tx, { id, kind: JOIN, input, project }))
      return { job: id }
    },
    job: async (id) => {
      const job = await jobs.get(id)
      if (!job?.kind.startsWith('features.')) throw new JobUnknown(id)
      const { kind, state, progress, output, error } = job
      return {
        ...{ id, kind: kind as FeaturesJob['kind'], state },
        progress: progress?.message ?? null,
        result: output ?? null,
        error: error ?? null,
      }
    },
  }
}
