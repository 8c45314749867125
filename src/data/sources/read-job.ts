import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blobs } from '#platform/blobs'
import type { Job, JobContext, Jobs } from '#platform/jobs'
import { runInChild } from '#platform/process'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import type { Data } from '../data.ts'
import { DatasetUnknown } from '../errors.ts'
import type { IngestedTable } from '../ingest.ts'
import { type ServerSources, uploadedFile } from './bring.ts'
import { dropCheck, endUpload, keepCheck, keepValidators, uploadById, validatorsOf } from './store.ts'
import { askUnchanged } from './unchanged.ts'
import type { ReadInput } from './worker.ts'

export const READ_JOB = 'data.read_source'

export interface ReadJobInput {
  project: string
  dataset: string
  /** The upload to read; the source as it is now when absent. */
  upload?: string
}

const HOUR = 3_600_000
const MEMORY_MB = 2_048
/** All of the memory of a process that runs SQL somebody wrote. */
const SQL_RESIDENT_MB = 4_096

/** Reads a source in a child process and makes what it holds a version, unless it is one already. */
export function defineReadJob(needs: {
  jobs: Jobs
  storage: Storage
  blobs: Blobs
  clock: Clock
  data: Data
  projects: Pick<Projects, 'project'>
  sources: ServerSources
  work: string
}): void {
  const { jobs, storage, blobs, clock, data, projects, sources, work } = needs

  async function run(job: JobContext<ReadJobInput>): Promise<{ version: string }> {
    const { project, dataset, upload } = job.input
    const stored = await projects.project(project)
    const spec = stored.spec.data[dataset] as DatasetSpec | undefined
    if (!spec) throw new DatasetUnknown(project, dataset)
    const folder = await mkdtemp(join(work, 'source-'))
    try {
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
      const input: ReadInput = {
        ...{ spec, dataset, others: stored.spec.data, project: stored.folder, folder },
        previous: latest && (await data.version(latest.id)).schema,
        brought: given
          ? await uploadedFile(blobs, given)
          : await sources.bring({ project, dataset, spec, folder: join(folder, 'brought') }),
      }
      const read = await runInChild<IngestedTable>(new URL('./worker.ts', import.meta.url), input, {
        ...{ what: `Reading ${dataset}`, timeoutMs: HOUR, memoryMb: MEMORY_MB, signal: job.signal },
        onProgress: (progress) => job.progress(progress),
        ...(spec.prepare?.some((step) => step.sql !== undefined) && { residentMb: SQL_RESIDENT_MB }),
      })
      const { parquetPath, bytes: _, setAside: aside, ...table } = read
      const blob = await blobs.putFile(parquetPath)
      const quarantine = aside && { rows: aside.rows, blobHash: (await blobs.putFile(aside.path)).hash }
      const version = await storage.write(async (tx) => {
        const registered = await data.registerVersion(tx, { ...table, project, dataset, blob, quarantine })
        if (upload !== undefined) await endUpload(tx, upload, { version: registered.id })
        else await keepValidators(tx, project, dataset, asked?.validators)
        return registered
      })
      return { version: version.id }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
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
