import type { Blobs } from '#platform/blobs'
import type { Job, JobContext, Jobs } from '#platform/jobs'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import type { Data } from '../data.ts'
import { DatasetUnknown } from '../errors.ts'
import { uploadedFile } from './bring.ts'
import type { VersionReader } from './read-version.ts'
import { dropCheck, endUpload, keepCheck, keepValidators, uploadById, validatorsOf } from './store.ts'
import { askUnchanged } from './unchanged.ts'

export const READ_JOB = 'data.read_source'

export interface ReadJobInput {
  project: string
  dataset: string
  /** The upload to read; the source as it is now when absent. */
  upload?: string
}

/** Reads a source in a child process and makes what it holds a version, unless it is one already. */
export function defineReadJob(needs: {
  jobs: Jobs
  storage: Storage
  blobs: Blobs
  clock: Clock
  data: Data
  projects: Pick<Projects, 'project'>
  versions: VersionReader
}): void {
  const { jobs, storage, blobs, clock, data, projects, versions } = needs

  async function run(job: JobContext<ReadJobInput>): Promise<{ version: string }> {
    const { project, dataset, upload } = job.input
    const stored = await projects.project(project)
    const spec = stored.spec.data[dataset] as DatasetSpec | undefined
    if (!spec) throw new DatasetUnknown(project, dataset)
    const latest = await data.latest(project, dataset)
    const asked =
      upload === undefined && spec.poll !== undefined
        ? await askUnchanged(spec, latest && (await validatorsOf(storage, project, dataset)), process.env)
        : undefined
    if (latest && asked?.unchanged) {
      job.progress({ message: 'it has not changed' })
      return { version: latest.id }
    }
    const given = upload === undefined ? undefined : await uploadById(storage, upload)
    const { id } = await versions.read(stored, dataset, {
      ...(given && { brought: await uploadedFile(blobs, given) }),
      signal: job.signal,
      progress: (message, fraction) => job.progress({ message, ...(fraction !== undefined && { fraction }) }),
      also: async (tx, version) => {
        if (upload !== undefined) await endUpload(tx, upload, { version: version.id })
        else await keepValidators(tx, project, dataset, asked?.validators)
      },
    })
    return { version: id }
  }

  jobs.define<ReadJobInput, { version: string }>({
    ...{ kind: READ_JOB, concurrency: 1, attempts: 3, run },
    // A poll that failed is known by the source's card; an upload's error stands with the upload.
    finished: async (tx: Tx, job: Job, outcome) => {
      if (!('error' in outcome)) return
      const { project, dataset, upload } = job.input as ReadJobInput
      if (upload !== undefined) {
        await endUpload(tx, upload, { failed: true })
        // The card told of it; it is of the one before again.
        return dropCheck(tx, project, dataset)
      }
      const { code, message, hint } = outcome.error
      await keepCheck(tx, project, dataset, {
        ...{ state: 'failed', code, message, hint, checkedAt: clock.now(), tookMs: 0 },
        ...{ changedAt: null, bytes: null, files: null },
      })
    },
  })
}
