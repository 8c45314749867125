import { createWriteStream } from 'node:fs'
import { link, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ulid } from 'ulid'
import type { Blobs } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import { joinedPredictions } from '../store.ts'
import type { ServingTables } from '../tables.ts'
import type { Archive } from './archive.ts'
import { type LogRow, writeSegment } from './segment-file.ts'

export interface LogAnswer {
  readonly columns: string[]
  readonly rows: unknown[][]
  /** More rows than are given. */
  readonly cut: boolean
}

export interface AskLogNeeds {
  readonly storage: Storage
  readonly blobs: Blobs
  readonly archive: Archive
  readonly work: string
}

const PAGE = 1_000
const LONGEST_MS = 60_000
const LONGEST_EXPORT_MS = 30 * 60_000
const MEMORY_MB = 512

export interface AskInput {
  readonly folder: string
  readonly sql: string | null
  /** Where all of it is written, instead of an answer. */
  readonly into: string | null
}

/**
 * One SELECT over the log of an endpoint, in DuckDB: in a process and a folder of its own, in which nothing else can be read. The
 * table is `predictions`, with the ground truth beside each.
 *
 * @throws LogQueryRefused, ChildTimedOut
 */
export const askLog = (needs: AskLogNeeds, endpoint: string, sql: string): Promise<LogAnswer> =>
  inFolder(needs, endpoint, (folder) =>
    runInChild<LogAnswer>(new URL('./ask-worker.ts', import.meta.url), { folder, sql, into: null } satisfies AskInput, {
      ...{ what: 'The question', timeoutMs: LONGEST_MS, memoryMb: MEMORY_MB },
    }),
  )

/** The log of an endpoint as one Parquet file, which `use` may read while it runs. */
export const exportLog = <Result>(
  needs: AskLogNeeds,
  endpoint: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> =>
  inFolder(needs, endpoint, async (folder) => {
    const into = join(folder, 'predictions.parquet')
    await runInChild(new URL('./ask-worker.ts', import.meta.url), { folder, sql: null, into } satisfies AskInput, {
      ...{ what: 'Writing the log', timeoutMs: LONGEST_EXPORT_MS, memoryMb: MEMORY_MB },
    })
    return use(into)
  })

let turn: Promise<unknown> = Promise.resolve()

/** One question after the other: each takes a process, and those that serve need the cores. */
function inFolder<Result>(needs: AskLogNeeds, endpoint: string, use: (folder: string) => Promise<Result>) {
  const mine = turn.then(() => inFolderOfOwn(needs, endpoint, use))
  turn = mine.catch(() => {})
  return mine
}

/** Links the segments, and writes what is in the table beside them. */
async function inFolderOfOwn<Result>(
  { storage, blobs, archive, work }: AskLogNeeds,
  endpoint: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = join(work, `ask-${ulid()}`)
  await mkdir(folder, { recursive: true })
  try {
    const segments = await archive.segments(endpoint)
    for (const { id, blob } of segments) await link(await blobs.path(blob), join(folder, `segment-${id}.parquet`))
    await writeSegment(tablePages(storage, endpoint, segments.at(-1)?.lastSeq ?? 0), join(folder, 'table.parquet'))
    await writeTruths(storage, endpoint, join(folder, 'truths.jsonl'))
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* tablePages(storage: Storage, endpoint: string, floor: number): AsyncGenerator<LogRow[]> {
  for (let after = floor; ; ) {
    const rows = await joinedPredictions(storage)
      .where('p.endpoint', '=', endpoint)
      .where('p.seq', '>', after)
      .orderBy('p.seq')
      .limit(PAGE)
      .execute()
    yield rows.map(({ joined: _, truth: __, truth_event_time: ___, truth_received_at: ____, ...row }) => row as LogRow)
    if (rows.length < PAGE) return
    after = rows.at(-1)!.seq
  }
}

async function writeTruths(storage: Storage, endpoint: string, path: string): Promise<void> {
  async function* lines() {
    for (let after = 0; ; ) {
      const rows = await storage
        .reads<ServingTables>()
        .selectFrom('serving_ground_truth')
        .select(['seq', 'prediction_id', 'label', 'event_time', 'received_at'])
        .where('endpoint', '=', endpoint)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(PAGE)
        .execute()
      yield rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      if (rows.length < PAGE) return
      after = rows.at(-1)!.seq
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}
