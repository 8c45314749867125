import type { Readable } from 'node:stream'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { ulid } from 'ulid'
import type { Blobs, StoredBlob } from '#platform/blobs'
import type { Jobs } from '#platform/jobs'
import type { Logger } from '#platform/log'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Projects, StoredProject } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import type { Data } from '../data.ts'
import { DatasetUnknown, SourceTooLarge, TableEmpty, UploadNotTaken } from '../errors.ts'
import { UPLOAD } from '../limits.ts'
import { openServerSources, type PredictionLog, type ServerSources } from './bring.ts'
import { checkSource, isStale } from './check.ts'
import type { SourceCard, SourceCheck, Upload } from './contract.ts'
import { formatOf } from './format.ts'
import { placeOf } from './place.ts'
import { openVersionReader, type VersionReader } from './read-version.ts'
import { defineReadJob, READ_JOB, type ReadJobInput } from './read-job.ts'
import { checksOf, insertUpload, keepCheck, keepPoll, polledAt, type StoredUpload, uploadsOf } from './store.ts'

/** Where a project's data comes from. */
export interface DataSources extends Pick<ServerSources, 'bring'> {
  readonly versions: VersionReader
  cards(project: string): Promise<SourceCard[]>
  /** Asks the source, and keeps what it said. */
  check(project: string, dataset: string): Promise<SourceCard>
  /**
   * Takes a table as it arrives. When this resolves it is durable, and a job reads it.
   *
   * @throws UploadNotTaken, TableEmpty, SourceTooLarge, FormatUnknown, CompressedBroken
   */
  upload(of: { project: string; dataset: string; name: string; by: string }, body: Readable): Promise<Upload>
  uploads(project: string, dataset: string, limit: number): Promise<Upload[]>
  /** The data set as the project file has it. */
  specOf(project: string, dataset: string): Promise<DatasetSpec>
  start(): void
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 10_000
/** A card that nobody asked for is at most this old. */
const CHECK_EVERY_MS = 3_600_000

export function openDataSources(needs: {
  storage: Storage
  blobs: Blobs
  jobs: Jobs
  clock: Clock
  log: Logger
  data: Data
  projects: Pick<Projects, 'project' | 'projects'>
  predictions: PredictionLog
  /** Folder for files under way. */
  work: string
}): DataSources {
  const { storage, blobs, jobs, clock, log, data, projects, predictions, work } = needs
  const ofServer = openServerSources({ storage, blobs, log: predictions })
  const versions = openVersionReader({ storage, blobs, data, sources: ofServer, work })
  defineReadJob({ jobs, storage, blobs, clock, data, projects, versions })
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  let stopped = false

  async function found(project: string, dataset: string): Promise<{ stored: StoredProject; spec: DatasetSpec }> {
    const stored = await projects.project(project)
    const spec = stored.spec.data[dataset] as DatasetSpec | undefined
    if (!spec) throw new DatasetUnknown(project, dataset)
    return { stored, spec }
  }

  async function cardOf(project: string, dataset: string, spec: DatasetSpec, check: SourceCheck | undefined) {
    const latest = await data.latest(project, dataset)
    return cardFrom({ dataset, spec, check, latest: latest ?? null, now: clock.now() })
  }

  async function checkNow({ name: project, folder }: StoredProject, dataset: string, spec: DatasetSpec) {
    const check = await checkSource(spec, {
      ...{ folder, env: process.env, now: clock.now() },
      ofServer: (place) => ofServer.ask(project, dataset, spec, place),
    })
    await storage.write((tx) => keepCheck(tx, project, dataset, check))
    return check
  }

  const enqueue = (input: ReadJobInput, key: string) => (tx: Parameters<Parameters<Storage['write']>[0]>[0]) =>
    jobs.enqueue(tx, { kind: READ_JOB, input, key, project: input.project })

  /** What is due: sources to be read because their time has come, and cards that are too old. */
  async function lookRound(): Promise<void> {
    for (const stored of await projects.projects()) {
      const checks = await checksOf(storage, stored.name)
      for (const [dataset, set] of Object.entries(stored.spec.data)) {
        if (stopped) return
        const spec = set as DatasetSpec
        if (spec.poll !== undefined) await pollIfDue(stored.name, dataset, spec)
        const last = checks.get(dataset)?.checkedAt ?? 0
        if (clock.now() - last >= CHECK_EVERY_MS) await checkNow(stored, dataset, spec)
      }
    }
  }

  async function pollIfDue(project: string, dataset: string, spec: DatasetSpec): Promise<void> {
    const last = await polledAt(storage, project, dataset)
    // With features, a version is the pipeline's to make: it joins them to the rows.
    if (spec.features?.length || (last !== undefined && clock.now() - last < spec.poll!)) return
    await storage.write(async (tx) => {
      await keepPoll(tx, project, dataset, clock.now())
      await enqueue({ project, dataset }, `${project}/${dataset}`)(tx)
    })
  }

  async function uploadTold(upload: StoredUpload): Promise<Upload> {
    const job = await jobs.get(upload.id)
    const { id, name, bytes, by, at, version } = upload
    const state = upload.failed ? 'failed' : version !== null ? 'succeeded' : (job?.state ?? 'succeeded')
    return {
      ...{ id, name, bytes, by, at, version, state, sha256: upload.blobHash.replace('sha256:', '') },
      progress: job?.progress?.message ?? null,
      error: job?.error ?? null,
    }
  }

  return {
    bring: ofServer.bring,
    versions,
    specOf: async (project, dataset) => (await found(project, dataset)).spec,
    cards: async (project) => {
      const { spec } = await projects.project(project)
      const checks = await checksOf(storage, project)
      return Promise.all(
        Object.entries(spec.data).map(([dataset, set]) =>
          cardOf(project, dataset, set as DatasetSpec, checks.get(dataset)),
        ),
      )
    },
    check: async (project, dataset) => {
      const { stored, spec } = await found(project, dataset)
      return cardOf(project, dataset, spec, await checkNow(stored, dataset, spec))
    },
    upload: async ({ project, dataset, name, by }, body) => {
      const { stored, spec } = await found(project, dataset)
      if (placeOf(spec.source, spec) !== 'upload') throw new UploadNotTaken(dataset, spec.source)
      const file = basename(name.replaceAll('\\', '/')).slice(0, 200)
      const blob = await received(blobs, body, file)
      await refuseForeign(blobs, blob, file)
      const upload: StoredUpload = {
        ...{ id: ulid(clock.now()), project, dataset, name: file, by, at: clock.now() },
        ...{ blobHash: blob.hash, bytes: blob.size, version: null, failed: false },
      }
      await storage.write(async (tx) => {
        await insertUpload(tx, upload)
        // With features, the next run reads it: a version is the pipeline's to make.
        if (!spec.features?.length)
          await jobs.enqueue(tx, {
            id: upload.id,
            kind: READ_JOB,
            input: { project, dataset, upload: upload.id },
            project,
          })
      })
      await checkNow(stored, dataset, spec)
      return uploadTold(upload)
    },
    uploads: async (project, dataset, limit) => {
      await found(project, dataset)
      return Promise.all((await uploadsOf(storage, project, dataset, limit)).map(uploadTold))
    },
    start: () => {
      const look = () => {
        looking = looking.then(lookRound).catch((error) => log.warn({ err: error }, 'sources were not looked at'))
      }
      timer = setInterval(look, LOOK_EVERY_MS)
      timer.unref()
    },
    stop: async () => {
      stopped = true
      clearInterval(timer)
      await looking
    },
  }
}

export function cardFrom(of: {
  dataset: string
  spec: DatasetSpec
  check: SourceCheck | undefined
  latest: { id: string; number: number; rows: number; createdAt: number } | null
  now: number
}): SourceCard {
  const { dataset, spec, check, latest, now } = of
  const stale = check?.state === 'available' && isStale(check.changedAt, spec, now)
  return {
    ...{ dataset, source: spec.source, place: placeOf(spec.source, spec) },
    ...{ owner: spec.owner ?? null, licence: spec.licence ?? null, cost: spec.cost ?? null },
    ...{ sensitivity: spec.sensitivity ?? null, freshWithin: spec.fresh_within ?? null, poll: spec.poll ?? null },
    pinned: spec.sha256 !== undefined,
    latest: latest && { version: latest.id, number: latest.number, rows: latest.rows, createdAt: latest.createdAt },
    check: check ? { ...check, state: stale ? 'stale' : check.state } : null,
  }
}

/** Streamed to disk as it comes; memory does not grow with it. */
async function received(blobs: Blobs, body: Readable, name: string): Promise<StoredBlob> {
  let bytes = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(bytes > UPLOAD.bytes ? new SourceTooLarge(name, UPLOAD.bytes) : null, chunk)
    },
  })
  const flowing = pipeline(body, measure)
  const [blob] = await Promise.all([blobs.put(measure), flowing])
  if (bytes === 0) throw new TableEmpty(name, 'is an empty file')
  return blob
}

/** What is no table at all is said at once, while its sender is still there. */
async function refuseForeign(blobs: Blobs, { hash, size }: StoredBlob, name: string): Promise<void> {
  const path = await blobs.path(hash)
  await formatOf({ path, name, bytes: size, modifiedMs: (await stat(path)).mtimeMs }, name)
}
