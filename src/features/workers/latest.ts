/** The child process that finds what the online store has to change: the latest row of each entity, against those before. */
import { createWriteStream } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Duck, makeFolder, withDuck } from '#data'
import { serveAsChild } from '#platform/process'
import type { FeatureStatistics } from '../contract.ts'
import { entityKey, type KeyCell } from '../entity-key.ts'
import { latestRows, nextRow } from '../latest.ts'
import type { OnlineRow } from '../online-store.ts'
import { FIRST_TIME, type ViewInput } from '../relation.ts'
import { text } from '../sql.ts'
import { statisticsOf } from '../statistics.ts'

export interface LatestInput {
  readonly input: ViewInput
  /** µs. */
  readonly now: number
  /** The latest rows of the last time, of the same version of the view. */
  readonly before: string | null
  /** Where files are left. */
  readonly folder: string
}

/** A line of the file of changes: a row to write, or an entity whose row (of that time, or older) is no more. */
export type Change = { put: OnlineRow } | { gone: { entity: string; eventTime: number } }

export interface LatestOutput {
  /** Parquet. */
  snapshot: string
  /** JSON lines. */
  changes: string
  changed: number
  entities: number
  /** Event time of the youngest row, µs. */
  youngest: number | null
  /** When a row that is dated ahead begins to hold, µs. */
  next: number | null
  statistics: FeatureStatistics[]
  /** Some of the latest rows, to compare the online store with. */
  sample: OnlineRow[]
}

const SAMPLED = 500
const MEMORY_MB = 1_536

serveAsChild<LatestInput>(async ({ input, now, before, folder: wanted }, progress): Promise<LatestOutput> => {
  const folder = await makeFolder(wanted)
  const files = [...Object.values(input.tables), ...(before === null ? [] : [before])]
  const folders = [...new Set([folder, ...files.map((file) => dirname(file))])]
  const snapshot = join(folder, 'snapshot.parquet')
  const changes = join(folder, 'changes.jsonl')
  return withDuck({ folders, spillTo: folder, memoryMb: MEMORY_MB }, async (duck) => {
    progress('finding the latest rows')
    await duck.run(`COPY (${await latestRows(duck, input, now)}) TO ${text(snapshot)} (FORMAT parquet)`)
    const next = await nextRow(duck, input, now)
    const rows = `read_parquet(${text(snapshot)})`
    progress('comparing with the last time')
    const changed = await writeChanges(duck, input, rows, before, changes)
    const { entities, youngest } = await duck.row<{ entities: number; youngest: number | null }>(
      `SELECT count(*) AS entities, max(e) AS youngest FROM ${rows}`,
    )
    const statistics = await statisticsOf(duck, input.view.columns, rows)
    const picked = `SELECT * FROM ${rows} ORDER BY hash(${keysOf(input).join(', ')}, ${now}) LIMIT ${SAMPLED}`
    const sample = (await duck.rows<Row>(decoded(picked))).map((row) => onlineRow(row, input))
    return { snapshot, changes, changed, entities, youngest, next, statistics, sample }
  })
})

type Row = Record<string, unknown>

const keysOf = ({ view }: ViewInput) => view.entities.map((_, i) => `k${i}`)

/** A row that says nothing of its creation has none: the place it takes in comparisons is no number that JSON can hold. */
const decoded = (query: string) => `SELECT * REPLACE (CASE WHEN c > ${FIRST_TIME} THEN c END AS c) FROM (${query})`

async function writeChanges(
  duck: Duck,
  input: ViewInput,
  rows: string,
  before: string | null,
  path: string,
): Promise<number> {
  const keys = keysOf(input)
  let changed = 0
  async function* lines() {
    const line = (change: Change) => {
      changed++
      return `${JSON.stringify(change)}\n`
    }
    if (before !== null) {
      // An entity that is gone, or whose last row was taken back: what was written for it must make room first.
      const using = `USING (${keys.join(', ')})`
      const old = `read_parquet(${text(before)})`
      const gone = `SELECT ${keys.map((key) => `old.${key}`).join(', ')}, old.e FROM ${old} old LEFT JOIN ${rows} new ${using}
        WHERE new.e IS NULL OR row(new.e, new.c) < row(old.e, old.c)`
      for await (const found of rowsOf(duck, gone, [...keys, 'e']))
        yield line({ gone: { entity: keyOf(found, input), eventTime: found.e as number } })
    }
    const fresh =
      before === null
        ? `SELECT * FROM ${rows}`
        : `SELECT * FROM ${rows} EXCEPT SELECT * FROM read_parquet(${text(before)})`
    const columns = [...keys, 'e', 'c', ...input.view.columns.map((_, i) => `f${i}`)]
    for await (const found of rowsOf(duck, decoded(fresh), columns)) yield line({ put: onlineRow(found, input) })
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
  return changed
}

async function* rowsOf(duck: Duck, query: string, columns: readonly string[]): AsyncGenerator<Row> {
  for await (const chunk of duck.chunks(`SELECT ${columns.join(', ')} FROM (${query})`)) {
    for (const cells of chunk.getRows()) yield Object.fromEntries(columns.map((column, i) => [column, plain(cells[i])]))
  }
}

const plain = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

const keyOf = (row: Row, { view }: ViewInput) => entityKey(view.entities.map((_, i) => row[`k${i}`] as KeyCell))

function onlineRow(row: Row, input: ViewInput): OnlineRow {
  return {
    entity: keyOf(row, input),
    eventTime: row.e as number,
    created: (row.c as number | null) ?? null,
    cells: input.view.columns.map((_, i) => (row[`f${i}`] ?? null) as number | string | null),
  }
}
