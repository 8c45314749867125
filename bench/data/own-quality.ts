/** A process that does one piece of work on one Parquet file, and says what it cost: `node own-quality.ts scan|check|profile|ingest|diff <file> [file]`. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DatasetSpec } from '#data/contract'
import { columnFacts } from '../../src/data/column-facts.ts'
import { diffTables } from '../../src/data/diff/diff-tables.ts'
import { withDuck } from '../../src/data/duckdb.ts'
import { storedTypes } from '../../src/data/event-time.ts'
import { checkTable } from '../../src/data/expectations/run.ts'
import { rowCount } from '../../src/data/frame.ts'
import { ingestTable } from '../../src/data/ingest.ts'
import { profileTable } from '../../src/data/profile.ts'
import { schemaOf } from '../../src/data/schema.ts'
import { parquet } from '../../src/data/sql.ts'
import { Expectation } from '#projects/contract'
import { EXPECTATIONS } from './expectations.ts'

/** What the twenty expectations have to read, with the least that can be done with it. */
const SCANNED = [
  ...['id', ...Array.from({ length: 8 }, (_, i) => `n${i}`)].map((column) => `sum(${column})`),
  ...['c0', 'c1', 't0'].map((column) => `sum(strlen(${column}))`),
].join(', ')

const [work, path, other] = process.argv.slice(2) as [string, string, string?]
const spec: DatasetSpec = { source: path }
/** What this process took so far. */
const cost = () => ({ seconds: performance.now() / 1000, cpuSeconds: cpuOf(process.cpuUsage()) })
const cpuOf = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6

const started = cost()
await import('@duckdb/node-api')
const loaded = cost()
const found =
  work === 'ingest'
    ? await ingested()
    : await withDuck({ folders: [dirname(path)], threads: 2 }, async (duck) => {
        if (work === 'diff') return diffTables(duck, path, other!, ['id'])
        if (work === 'scan') return duck.row(`SELECT count(*) AS rows, ${SCANNED} FROM ${parquet(path)}`)
        const stored = await storedTypes(duck, parquet(path))
        const rows = await rowCount(duck, path)
        const facts = await columnFacts(duck, path, stored)
        const schema = schemaOf(facts, rows, spec, undefined)
        if (work === 'profile')
          return profileTable(duck, path, { rows, schema, facts, label: null, time: null, features: [] })
        const expectations = EXPECTATIONS.map((one) => Expectation.parse(one))
        const known = new Map(facts.map((column) => [column.name, column]))
        const table = { path, stored, time: undefined, others: new Map(), now: Date.now(), facts: known }
        const results = await checkTable(duck, table, expectations)
        return {
          columns: schema.columns.length,
          results: results.length,
          failed: results.filter((one) => !one.passed).length,
        }
      })
const ended = cost()
/** The whole way of a table that is trained on: read, typed, stored, split, profiled, copies across the split looked for, hashed. */
async function ingested() {
  const target = await mkdtemp(join(dirname(path), 'ingest-'))
  const split = { by: 'random', seed: 0, train: 0.8, validation: 0.1, test: 0.1 } as const
  const labelled: DatasetSpec = { source: path, label: 'c0', id: 'id', time: ['at'], split }
  const { rows } = await ingestTable({ spec: labelled, folder: dirname(path), target })
  await rm(target, { recursive: true })
  return { rows }
}

// The peak of the whole process, DuckDB's memory included; only Linux tells it.
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
const told = work === 'check' ? found : { rows: (found as { rows: unknown }).rows }
const since = (from: ReturnType<typeof cost>) => ({
  seconds: ended.seconds - from.seconds,
  cpuSeconds: ended.cpuSeconds - from.cpuSeconds,
})
process.stdout.write(
  `${JSON.stringify({ ...since(started), bare: since(loaded), start: loaded, peakMiB: Math.round(Number(peak) / 1024), told })}\n`,
)
