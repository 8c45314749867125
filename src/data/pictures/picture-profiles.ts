import type { Jobs } from '#platform/jobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { Projects } from '#projects'
import type { PictureExpectation } from '#projects/contract'
import type { FileVersion } from '../files/contract.ts'
import { VersionNotFound } from '../files/errors.ts'
import type { FileDatasets } from '../files/file-datasets.ts'
import type { PictureProfile, PictureQuery } from './contract.ts'
import { NoPictures } from './errors.ts'
import { type OnePicture, openPictureViews, type PictureList } from './picture-views.ts'
import { keptProfile } from './profile-pictures.ts'
import type { ProfileWork } from './profile-worker.ts'
import type { PictureHome } from './thumbnails.ts'

const KIND = 'data.profile_pictures'
/** A hundred thousand large photographs take an hour on two cores; what is done by then is kept. */
const LONGEST_MS = 12 * 3_600_000
const MEMORY_MB = 2_048

export interface PictureProfiles {
  /** The profile of a version, or how far it is. */
  state(id: string): Promise<{
    profile: PictureProfile | null
    running: { message: string; fraction: number | null } | null
    failure: { code: string; message: string; hint: string } | null
  }>
  /** Pictures of a version that was profiled, with their thumbnails. */
  list(id: string, query: PictureQuery): Promise<PictureList>
  picture(id: string, number: number): Promise<OnePicture>
  /** Queues the profiling of a version; what is under way already is not started again. */
  start(id: string): Promise<{ job: string }>
  close(): void
}

export function openPictureProfiles(needs: {
  storage: Storage
  jobs: Jobs
  files: FileDatasets
  projects: Pick<Projects, 'project'>
  home: PictureHome
}): PictureProfiles {
  const { storage, jobs, files, projects } = needs
  // Only what can be sent to a child process.
  const home: PictureHome = { folder: needs.home.folder, blobs: needs.home.blobs }

  const views = openPictureViews(home)

  jobs.define<{ id: string }, { pictures: number }>({
    kind: KIND,
    concurrency: 1,
    attempts: 20,
    run: async ({ input, signal, progress }) => {
      const { dataset, version, project } = await folderOf(input.id)
      const work: ProfileWork = { home, dataset, version, expect: await expectedOf(project, dataset) }
      return runInChild(new URL('./profile-worker.ts', import.meta.url), work, {
        ...{ what: 'Profiling pictures', timeoutMs: LONGEST_MS, memoryMb: MEMORY_MB, signal },
        onProgress: progress,
      })
    },
  })

  async function folderOf(id: string): Promise<FileVersion> {
    const version = await files.version(id)
    if (!version) throw new VersionNotFound(id, 'the server knows no version with this id')
    if (version.kind !== 'folder') throw new NoPictures(version.dataset)
    return version
  }

  /** What the project's file expects of the folder; a dataset is named by its path in the repository. */
  async function expectedOf(name: string, dataset: string): Promise<readonly PictureExpectation[]> {
    const project = await projects.project(name).catch(() => undefined)
    const sets = Object.values(project?.spec.pictures ?? {})
    return sets.find(({ folder }) => dataset === folder || dataset.endsWith(`/${folder}`))?.expect ?? []
  }

  return {
    state: async (id) => {
      const { version } = await folderOf(id)
      const [last] = (await jobs.list({ kind: KIND, limit: 50 })).filter(
        (job) => (job.input as { id: string }).id === id,
      )
      const running = last?.state === 'queued' || last?.state === 'running'
      return {
        profile: keptProfile(home, version) ?? null,
        running: running
          ? { message: last.progress?.message ?? 'waiting for its turn', fraction: last.progress?.fraction ?? null }
          : null,
        failure: last?.state === 'failed' && last.error ? last.error : null,
      }
    },
    list: async (id, query) => views.list(await folderOf(id), query),
    picture: async (id, number) => views.picture(await folderOf(id), number),
    close: views.close,
    start: async (id) => {
      const { project } = await folderOf(id)
      const { id: job } = await storage.write((tx) => jobs.enqueue(tx, { kind: KIND, input: { id }, key: id, project }))
      return { job }
    },
  }
}
