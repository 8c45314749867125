/**
 * A process that does one piece of work on one file, and says what it cost:
 *
 *     node own-quality.ts scan|check|profile|ingest|csv|csv-scan|csv-to-parquet <file>
 *     node own-quality.ts diff <before> <after>
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DatasetSpec } from '#data/contract'
import { type Duck, withDuck } from '../../src/data/duckdb.ts'
import { parquet, text } from '../../src/data/sql.ts'

const [work, path, other] = process.argv.slice(2) as [string, string, string?]
const folder = dirname(path)

/** What the twenty expectations have to read, with the least that can be done with it. */
const SCANNED = [
  ...['id', ...Array.from({ length: 8 }, (_, i) => `n${i}`)].map((column) => `sum(${column})`),
  ...['c0', 'c1', 't0'].map((column) => `sum(strlen(${column}))`),
].join(', ')

/** A table without a word about it, and one that is trained on: split, looked through for leakage and copies. */
const PLAIN: DatasetSpec = { source: path }
const TRAINED_ON: DatasetSpec = {
  ...PLAIN,
  label: 'c0',
  id: 'id',
  time: ['at'],
  split: { by: 'random', seed: 0, train: 0.8, validation: 0.1, test: 0.1 },
}

type Told = Record<string, unknown>

const lent = (given: (duck: Duck) => Promise<Told>) => () => withDuck({ folders: [folder], threads: 2 }, given)
const counted = (from: string) => lent((duck) => duck.row(`SELECT count(*) AS rows, ${SCANNED} FROM ${from}`))
const CSV = `read_csv(${text(path)}, header = true)`

/** Each brings the modules that it needs, which is not counted; those of others are no part of its memory. */
const WORKS: Record<string, () => Promise<() => Promise<Told>>> = {
  scan: async () => counted(parquet(path)),
  'csv-scan': async () => counted(CSV),
  'csv-to-parquet': async () =>
    lent(async (duck) => {
      const written = `${path}.parquet`
      await duck.run(`COPY (FROM ${CSV}) TO ${text(written)} (FORMAT parquet, COMPRESSION zstd)`)
      await rm(written)
      return {}
    }),
  check: checking,
  profile: profiling,
  ingest: () => ingesting(TRAINED_ON),
  csv: () => ingesting(PLAIN),
  diff: async () => {
    const { diffTables } = await import('../../src/data/diff/diff-tables.ts')
    return lent(async (duck) => ({ rows: (await diffTables(duck, path, other!, ['id'])).rows }))
  },
}

async function describing() {
  const { columnFacts } = await import('../../src/data/column-facts.ts')
  const { storedTypes } = await import('../../src/data/event-time.ts')
  const { rowCount } = await import('../../src/data/frame.ts')
  const { schemaOf } = await import('../../src/data/schema.ts')
  return async (duck: Duck) => {
    const stored = await storedTypes(duck, parquet(path))
    const rows = await rowCount(duck, path)
    const facts = await columnFacts(duck, path, stored)
    return { stored, rows, facts, schema: schemaOf(facts, rows, PLAIN, undefined) }
  }
}

async function checking() {
  const describe = await describing()
  const { checkTable } = await import('../../src/data/expectations/run.ts')
  const { Expectation } = await import('#projects/contract')
  const { EXPECTATIONS } = await import('./expectations.ts')
  return lent(async (duck) => {
    const { stored, facts, schema } = await describe(duck)
    const known = new Map(facts.map((column) => [column.name, column]))
    const table = { path, stored, time: undefined, others: new Map(), now: Date.now(), facts: known }
    const expectations = EXPECTATIONS.map((one) => Expectation.parse(one))
    const results = await checkTable(duck, table, expectations)
    const failed = results.filter((one) => !one.passed).length
    return { columns: schema.columns.length, results: results.length, failed }
  })
}

async function profiling() {
  const describe = await describing()
  const { profileTable } = await import('../../src/data/profile.ts')
  return lent(async (duck) => {
    const { rows, schema, facts } = await describe(duck)
    const profile = await profileTable(duck, path, { rows, schema, facts, label: null, time: null, features: [] })
    return { rows: profile.rows }
  })
}

async function ingesting(spec: DatasetSpec) {
  const { ingestTable } = await import('../../src/data/ingest.ts')
  return async () => {
    const target = await mkdtemp(join(folder, 'ingest-'))
    const { rows } = await ingestTable({ spec, folder, target })
    await rm(target, { recursive: true })
    return { rows }
  }
}

/** What this process took so far. */
function cost() {
  const { user, system } = process.cpuUsage()
  return { seconds: performance.now() / 1000, cpuSeconds: (user + system) / 1e6 }
}

const run = await WORKS[work]!()
const started = cost()
await import('@duckdb/node-api')
const loaded = cost()
const told = await run()
const ended = cost()
const since = (from: ReturnType<typeof cost>) => ({
  seconds: ended.seconds - from.seconds,
  cpuSeconds: ended.cpuSeconds - from.cpuSeconds,
})
// The peak of the whole process, DuckDB's memory included; only Linux tells it.
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
process.stdout.write(
  `${JSON.stringify({ ...since(started), bare: since(loaded), start: loaded, peakMiB: Math.round(Number(peak) / 1024), told })}\n`,
)
