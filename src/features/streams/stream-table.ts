import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Data, IngestedTable } from '#data'
import type { Blobs } from '#platform/blobs'
import { runInChild } from '#platform/process'
import type { Storage } from '#platform/storage'
import type { ViewDefinition } from '../definition.ts'
import { StreamEmpty } from '../errors.ts'
import type { StreamTableInput } from '../workers/stream-table.ts'
import { loggedRows, type MessagePlace, takeOut } from './log-store.ts'

const HOUR = 3_600_000
const PAGE = 5_000
/** What one version takes of the log; the next takes the rest. */
const MOST_ROWS = 2_000_000

/** What a stream told, as a data set of the view's name: what historical joins read. */
export interface StreamTables {
  /**
   * The id of its version.
   *
   * @param options.refresh with everything that was told so far; else the last one that was made, if there is one
   * @throws StreamEmpty
   */
  version(
    project: string,
    view: ViewDefinition,
    options: { refresh: boolean; signal?: AbortSignal | undefined },
  ): Promise<string>
}

export function openStreamTables(needs: { storage: Storage; blobs: Blobs; data: Data; work: string }): StreamTables {
  const { storage, blobs, data, work } = needs
  /** Two at once would both append the same rows. */
  const making = new Map<string, Promise<unknown>>()

  async function make(project: string, view: ViewDefinition, signal: AbortSignal | undefined): Promise<string> {
    const of = { project, view: view.name }
    const latest = await data.latest(project, view.name)
    const folder = await mkdtemp(join(work, 'features-'))
    try {
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
      if (taken.length === 0) {
        if (latest) return latest.id
        throw new StreamEmpty(view.name, view.stream!.name)
      }
      const input: StreamTableInput = {
        ...{ view, lines, folder },
        base: latest ? await data.readPath(await data.version(latest.id)) : null,
      }
      const table = await runInChild<IngestedTable>(new URL('../workers/stream-table.ts', import.meta.url), input, {
        ...{ what: `Keeping the stream of ${view.name}`, timeoutMs: HOUR, memoryMb: 1_024 },
        ...(signal && { signal }),
      })
      const { parquetPath, bytes: _, ...stored } = table
      const blob = await blobs.putFile(parquetPath)
      const source = { kind: 'appended' as const, source: `the stream ${view.stream!.name}`, rows: taken.length }
      return await storage.write(async (tx) => {
        await takeOut(tx, of, taken)
        const version = { ...stored, project, dataset: view.name, blob, source, parent: latest?.id ?? null }
        return (await data.registerVersion(tx, version)).id
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    version: async (project, view, { refresh, signal }) => {
      const latest = refresh ? undefined : await data.latest(project, view.name)
      if (latest) return latest.id
      const key = `${project} ${view.name}`
      const turn = (making.get(key) ?? Promise.resolve()).catch(() => {}).then(() => make(project, view, signal))
      making.set(key, turn)
      return turn
    },
  }
}
