import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Data } from '#data'
import type { DataVersion } from '#data/contract'
import type { Blobs } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { ViewDefinition } from '../definition.ts'
import { StreamEmpty } from '../errors.ts'
import type { StreamTableInput, StreamTableOutput } from '../workers/stream-table.ts'
import { countLogged, loggedRows, type MessagePlace, takeOut } from './log-store.ts'
import { deleteParts, insertPart, partsOf } from './part-store.ts'

const HOUR = 3_600_000
const PAGE = 5_000
/** What one part takes of the log; the next takes the rest. */
const MOST_ROWS = 2_000_000
/** Fewer wait in the log. */
const FEWEST_ROWS = 20_000

/** A table that small is written anew whenever there is something to add. */
const SMALL_ROWS = 100_000
/** A larger one when so much waits: each row is then written about five times in all, however long the stream is. */
const DUE_SHARE = 0.25

/**
 * How much of what was told has to be in a version: everything; enough for the log to stay small, while the online store has the
 * rest; or what was told up to a while ago, no longer than the view’s `every`.
 */
export type Wanted = 'everything' | 'enough' | 'recent'

/** What a stream told, as a data set of the view's name: what historical joins read. */
export interface StreamTables {
  /**
   * The id of its version.
   *
   * @throws StreamEmpty
   */
  version(
    project: string,
    view: ViewDefinition,
    options: { wanted: Wanted; signal?: AbortSignal | undefined },
  ): Promise<string>
  /** Rows that are in no version yet. */
  waiting(project: string, view: string): Promise<number>
}

export function openStreamTables(needs: {
  storage: Storage
  blobs: Blobs
  data: Data
  clock: Clock
  work: string
  smallRows?: number
  fewestRows?: number
}): StreamTables {
  const { storage, blobs, data, clock, work, smallRows = SMALL_ROWS, fewestRows = FEWEST_ROWS } = needs
  /** Two at once would both append the same rows. */
  const making = new Map<string, Promise<unknown>>()

  async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(work, 'features-'))
    try {
      return await use(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  const inChild = <Output extends StreamTableOutput>(input: StreamTableInput, signal: AbortSignal | undefined) =>
    runInChild<Output>(new URL('../workers/stream-table.ts', import.meta.url), input, {
      ...{ what: `Keeping the stream of ${input.view.name}`, timeoutMs: HOUR, memoryMb: 1_024 },
      ...(signal && { signal }),
    })

  /** Rows of the log as a part of their own. @returns how many */
  async function makePart(project: string, view: ViewDefinition, signal: AbortSignal | undefined): Promise<number> {
    const of = { project, view: view.name }
    return inFolder(async (folder) => {
      const lines = join(folder, 'told.jsonl')
      const taken: MessagePlace[] = []
      async function* told() {
        for (let after: MessagePlace | undefined; taken.length < MOST_ROWS; ) {
          const rows = await loggedRows(storage, of, { after, limit: PAGE })
          if (rows.length === 0) return
          for (const { origin, seq, keys, eventTime, created, cells } of rows) {
            taken.push({ origin, seq })
            const row = [
              ...view.entities.map((key, i) => [`k${i}`, keys[key] ?? null]),
              ...[['e', eventTime]],
              ...[['c', created]],
              ...view.columns.map(({ name }, i) => [`f${i}`, cells[name] ?? null]),
            ]
            yield `${JSON.stringify(Object.fromEntries(row))}\n`
          }
          after = taken.at(-1)
        }
      }
      await pipeline(Readable.from(told()), createWriteStream(lines))
      if (taken.length === 0) return 0
      const made = await inChild<Extract<StreamTableOutput, { part: string }>>({ view, lines, folder }, signal)
      const { hash } = await blobs.putFile(made.part)
      await storage.write(async (tx) => {
        await takeOut(tx, of, taken)
        await insertPart(tx, of, { blob: hash, rows: taken.length })
      })
      return taken.length
    })
  }

  /** The table so far and all parts as one. */
  async function merge(
    project: string,
    view: ViewDefinition,
    latest: DataVersion | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const of = { project, view: view.name }
    const parts = await partsOf(storage, of)
    return inFolder(async (folder) => {
      const before = latest ? [await data.readPath(latest)] : []
      const pieces = [...before, ...(await Promise.all(parts.map(({ blob }) => blobs.path(blob))))]
      const { table } = await inChild<Extract<StreamTableOutput, { table: unknown }>>({ view, pieces, folder }, signal)
      const { parquetPath, bytes: _, ...stored } = table
      const blob = await blobs.putFile(parquetPath)
      const rows = parts.reduce((sum, part) => sum + part.rows, 0)
      const source = { kind: 'appended' as const, source: `the stream ${view.stream!.name}`, rows }
      return storage.write(async (tx) => {
        await deleteParts(tx, of, parts.at(-1)!.number)
        const version = { ...stored, project, dataset: view.name, blob, source, parent: latest?.id ?? null }
        return (await data.registerVersion(tx, version)).id
      })
    })
  }

  async function waiting(project: string, view: string): Promise<number> {
    const parts = await partsOf(storage, { project, view })
    return (await countLogged(storage, { project, view })) + parts.reduce((sum, { rows }) => sum + rows, 0)
  }

  async function make(
    project: string,
    view: ViewDefinition,
    wanted: Wanted,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const found = await data.latest(project, view.name)
    const latest = found && (await data.version(found.id))
    const rows = await waiting(project, view.name)
    if (rows === 0) {
      if (latest) return latest.id
      throw new StreamEmpty(view.name, view.stream!.name)
    }
    const isDue = (than: DataVersion) =>
      ({
        everything: true,
        enough: than.rows <= smallRows || rows >= than.rows * DUE_SHARE,
        recent: clock.now() - than.createdAt >= view.every,
      })[wanted]
    const merges = !latest || isDue(latest)
    if (!merges && wanted === 'recent') return latest.id
    const fewest = merges ? 1 : fewestRows
    while ((await countLogged(storage, { project, view: view.name })) >= fewest) await makePart(project, view, signal)
    return merges ? merge(project, view, latest, signal) : latest.id
  }

  return {
    waiting,
    version: async (project, view, { wanted, signal }) => {
      const key = `${project} ${view.name}`
      const turn = (making.get(key) ?? Promise.resolve())
        .catch(() => {})
        .then(() => make(project, view, wanted, signal))
      making.set(key, turn)
      return turn
    },
  }
}
