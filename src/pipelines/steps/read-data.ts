import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import { PICTURE_COLUMNS, type StoredProject, type TrainingData, trainedOn } from '#projects'
import type { PipelineInput, PipelineNeeds } from '../needs.ts'
import { type DataCursor, latestCursor, saveCursor } from '../store.ts'
import type { FreshRow, ReadDataInput, ReadDataOutput } from '../workers/read-data.ts'

export interface DataStep {
  version: string
  dataset: string
  number: number
  rows: number
  summary: string
}

const HOUR = 3_600_000
const MEMORY_MB = 2_048
/** All of the memory of a process that runs SQL somebody wrote. */
const SQL_RESIDENT_MB = 4_096

/**
 * The dataset version this run trains on: the project's source, and what was served and labelled since.
 *
 * A run that a person asked for reads the source again; one that an alert, age or a schedule caused appends to the
 * latest version, because what made it necessary is in the prediction log.
 */
export async function readData(
  job: JobContext<PipelineInput>,
  needs: PipelineNeeds,
  stored: StoredProject,
  files: string,
): Promise<DataStep> {
  const { storage, blobs, data, bring, versions, clock, openViews } = needs
  const { spec, folder, name: project } = stored
  const { endpoint, cause } = job.input
  const dataset = spec.pipeline.train.with.data
  const set = trainedOn(spec)
  return job.step('data', async () => {
    job.progress({ message: `reading ${dataset}` })
    await mkdir(files, { recursive: true })
    const before = await latestCursor(storage, project, dataset)
    // A source that is the prediction log itself has what is new there.
    const readSource = cause.kind === 'person' || !before || set.source.startsWith('predictions://')
    const fresh = await writeLabelledRows(needs, endpoint, {
      set,
      before,
      all: readSource,
      path: join(files, 'fresh.jsonl'),
    })
    const input: ReadDataInput = {
      folder: files,
      project: folder,
      set,
      dataset,
      others: spec.data,
      tables: readSource ? await versions.tables(stored, dataset, told(job)) : {},
      features: readSource && set.features?.length ? await openViews(stored, set.features, job.signal) : null,
      parent: before ? await parentOf(needs, before) : null,
      readSource,
      brought: readSource ? await bring({ project, dataset, spec: set, folder: join(files, 'brought') }) : undefined,
      fresh: { ...fresh, from: `predictions of ${endpoint}` },
    }
    const read = await runInChild<ReadDataOutput>(new URL('../workers/read-data.ts', import.meta.url), input, {
      what: `Reading ${dataset}`,
      timeoutMs: HOUR,
      memoryMb: MEMORY_MB,
      signal: job.signal,
      onProgress: (progress) => job.progress(progress),
      ...(set.prepare.some((step) => step.sql !== undefined) && { residentMb: SQL_RESIDENT_MB }),
    })
    if (!read.table) {
      const { id: version, number, rows } = await data.version(before!.version)
      return { version, dataset, number, rows, summary: `${count(rows)} rows · unchanged` }
    }
    const { parquetPath, bytes: _, setAside: aside, ...table } = read.table
    const blob = await blobs.putFile(parquetPath)
    const quarantine = aside && { rows: aside.rows, blobHash: (await blobs.putFile(aside.path)).hash }
    const {
      id: version,
      number,
      rows,
    } = await storage.write(async (tx) => {
      const parent = before && read.base === before.base ? before.version : null
      const registered = await data.registerVersion(tx, { ...table, project, dataset, blob, quarantine, parent })
      const cursor = { version: registered.id, project, dataset, base: read.base, cursor: fresh.last }
      await saveCursor(tx, { ...cursor, createdAt: clock.now() })
      return registered
    })
    const added = read.added > 0 ? ` · ${count(read.added)} new from the prediction log` : ''
    const { expectations } = table
    const hold = expectations.filter((one) => one.passed).length
    const kept = expectations.length > 0 ? ` · ${hold} of ${expectations.length} expectations hold` : ''
    return { version, dataset, number, rows, summary: `${count(rows)} rows${added}${kept}` }
  })
}

const told = (job: JobContext<PipelineInput>) => ({
  signal: job.signal,
  progress: (message: string) => job.progress({ message }),
})

async function parentOf({ data }: PipelineNeeds, { version, base }: DataCursor): Promise<ReadDataInput['parent']> {
  const parent = await data.version(version)
  return { parquet: await data.readPath(parent), schema: parent.schema, base }
}

/** What was served and is labelled, as JSON lines under the table's own column names, in the order labels came. */
async function writeLabelledRows(
  { labelledRows, blobs }: PipelineNeeds,
  endpoint: string,
  { set, before, all, path }: { set: TrainingData; before: DataCursor | undefined; all: boolean; path: string },
): Promise<{ path: string; rows: number; known: number; last: number }> {
  const seen = before?.cursor ?? 0
  let rows = 0
  let known = 0
  let last = seen
  async function* lines() {
    for await (const { seq, inputs, label, eventTime } of labelledRows(endpoint, all ? 0 : seen)) {
      // A picture that was not kept cannot be learned from.
      if (set.pictures && !(typeof inputs.picture === 'string' && (await blobs.has(inputs.picture)))) continue
      rows++
      if (seq <= seen) known++
      last = Math.max(last, seq)
      const record: Record<string, FreshRow['record'][string]> = {
        ...(set.pictures ? pictureColumns(inputs) : inputs),
        [set.label]: label,
      }
      const [time] = set.time ?? []
      // A client that sends no time is served at its arrival: the row happened then.
      if (time && record[time] === undefined) record[time] = new Date(eventTime).toISOString()
      yield `${JSON.stringify({ eventTime, record } satisfies FreshRow)}\n`
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
  return { path, rows, known, last }
}

/** What the table has of a picture; where a model saw it is that model's own. */
function pictureColumns<Value>(inputs: Readonly<Record<string, Value>>): Record<string, Value> {
  const { id, features, others } = PICTURE_COLUMNS
  const known = new Set<string>([id, ...features, ...others])
  return Object.fromEntries(Object.entries(inputs).filter(([column]) => known.has(column)))
}

const count = (rows: number) => rows.toLocaleString('en')
