import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { runInChild } from '#platform/process'
import type { DataSpec, StoredProject } from '#projects'
import type { JobContext } from '#platform/jobs'
import { ExpectationsBroken } from '../errors.ts'
import type { PipelineInput, PipelineNeeds } from '../needs.ts'
import { latestCursor, saveCursor } from '../store.ts'
import type { ReadDataInput, ReadDataOutput } from '../workers/read-data.ts'

export interface DataStep {
  version: string
  dataset: string
  number: number
  rows: number
  added: number
  summary: string
}

const HOUR = 3_600_000
const MEMORY_MB = 2_048

/**
 * The dataset version this run trains on: the project's source, and what was served and labelled since.
 *
 * A run that a person asked for reads the source again; one that an alert, age or a schedule caused appends to the
 * latest version, because what made it necessary is in the prediction log.
 */
export async function readData(
  job: JobContext<PipelineInput>,
  needs: PipelineNeeds,
  { spec, folder, name: project }: StoredProject,
  files: string,
): Promise<DataStep> {
  const { storage, blobs, data, clock } = needs
  const dataset = spec.pipeline.train.with.data
  const set = spec.data[dataset]!
  return job.step('data', async () => {
    job.progress({ message: `reading ${dataset}` })
    const before = await latestCursor(storage, project, dataset)
    const again = job.input.cause.kind === 'person' || !before
    const fresh = await writeLabelledRows(
      needs,
      job.input.endpoint,
      before?.cursor ?? 0,
      set,
      join(files, 'fresh.jsonl'),
    )
    const input: ReadDataInput = {
      folder: files,
      project: folder,
      set,
      parent: before ? await parentOf(needs, before.version, before.base) : null,
      readSource: again,
      fresh: fresh.rows > 0 ? fresh : null,
    }
    const read = await runInChild<ReadDataOutput>(new URL('../workers/read-data.ts', import.meta.url), input, {
      what: `Reading ${dataset}`,
      timeoutMs: HOUR,
      memoryMb: MEMORY_MB,
      signal: job.signal,
      onProgress: (progress) => job.progress(progress),
    })
    const broken = read.broken.filter((one) => one.otherwise === 'stop')
    if (broken.length > 0)
      throw new ExpectationsBroken(
        dataset,
        broken.map((one) => `${one.expectation} (${one.observed})`),
      )
    if (read.unchanged && before) {
      const version = await data.version(before.version)
      return {
        version: version.id,
        dataset,
        number: version.number,
        rows: version.rows,
        added: 0,
        summary: `${rowsOf(version.rows)} · unchanged`,
      }
    }
    const blob = await blobs.putFile(read.parquet)
    const version = await storage.write(async (tx) => {
      const registered = await data.registerVersion(tx, {
        project,
        dataset,
        blob,
        parent: before?.version ?? null,
        ...read.version,
      })
      await saveCursor(tx, {
        version: registered.id,
        project,
        dataset,
        base: read.base,
        cursor: fresh.last,
        createdAt: clock.now(),
      })
      return registered
    })
    const added = read.added > 0 ? ` · ${rowsOf(read.added)} new from the prediction log` : ''
    const held =
      read.expectations > 0
        ? `, ${read.expectations - read.broken.length} of ${read.expectations} expectations hold`
        : ''
    return {
      version: version.id,
      dataset,
      number: version.number,
      rows: version.rows,
      added: read.added,
      summary: `${rowsOf(version.rows)}${added}${held}`,
    }
  })
}

async function parentOf({ data }: PipelineNeeds, id: string, base: string): Promise<ReadDataInput['parent']> {
  return { parquet: await data.readPath(await data.version(id)), base }
}

/** The rows served and labelled since `after`, as JSON lines under the table's own column names. */
async function writeLabelledRows(
  { labelledRows }: PipelineNeeds,
  endpoint: string,
  after: number,
  set: DataSpec,
  path: string,
): Promise<{ path: string; rows: number; last: number }> {
  let rows = 0
  let last = after
  async function* lines() {
    for await (const row of labelledRows(endpoint, after)) {
      rows++
      last = Math.max(last, row.seq)
      const record: Record<string, unknown> = { ...row.inputs, [set.label]: row.label }
      const [time] = set.time ?? []
      // A client that sends no time is served at its arrival: the row happened then.
      if (time && record[time] === undefined) record[time] = new Date(row.eventTime).toISOString()
      yield `${JSON.stringify(record)}\n`
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
  return { path, rows, last }
}

const rowsOf = (rows: number) => `${rows.toLocaleString('en')} rows`
