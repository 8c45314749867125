/**
 * What a logged prediction takes on disk, in the table and moved into Parquet files; what moving it costs, and how long a question
 * over all of them takes. Twenty numbers a record, as different from each other as measurements are.
 *
 *     node bench/serving/archive.ts [records, default 200000]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import { withDuck } from '#data'
import { openBlobFolder } from '#platform/blobs'
import { encodeJson, openSqlite } from '#platform/storage'
import { systemClock } from '#platform/time'
import { servingMigrations } from '#serving'
import { openArchive } from '../../src/serving/archive/archive.ts'
import { compact } from '../../src/serving/archive/compaction.ts'
import { segmentsOf } from '../../src/serving/archive/store.ts'
import { openPredictionLog } from '../../src/serving/log.ts'
import { createPredictionIds } from '../../src/serving/prediction-id.ts'
import { openReads } from '../../src/serving/reads.ts'
import { FEATURES } from './model.ts'

const records = Number(process.argv[2] ?? 200_000)
const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-archive-'))
const file = join(folder, 'log.db')
const storage = await openSqlite({ file, durability: 'process' })
await storage.migrate(servingMigrations)
const blobs = await openBlobFolder(join(folder, 'blobs'))
const archive = openArchive({ storage, blobs })
const silent = pino({ level: 'silent' })
const log = openPredictionLog({ storage, log: silent, refuseLabel: () => undefined, onLogged: () => {} })
const newId = createPredictionIds()
for (let from = 0; from < records; from += 1_000)
  await log.append(
    Array.from({ length: 1_000 }, (_, i) => ({
      ...{ id: newId(), endpoint: 'bench', project: 'bench', model: 'bench', version: 1, route: 'stable' as const },
      ...{ eventTime: Date.now() + from + i, receivedAt: Date.now(), latencyUs: 300 + (i % 50) },
      inputs: encodeJson(Object.fromEntries(FEATURES.map((name) => [name, Math.round(Math.random() * 1e4) / 1e4]))),
      ...{ value: Math.random(), label: i % 3 === 0 ? 'yes' : 'no', probabilities: null },
      ...{ scores: `{"1":${Math.random()}}`, weights: '{"1":1}' },
    })),
  )
await log.close()
const table = sizeOf()
const reads = openReads(storage, archive)
const windowBefore = await timed(() => reads.window('bench', 0, Number.MAX_SAFE_INTEGER))

const cpu = process.cpuUsage()
const limits = { most: 50_000, fewest: 1_000, graceMs: 0 }
const moved = await compact(
  { storage, blobs, archive, clock: systemClock, work: folder, limits },
  'bench',
  Date.now() + 1,
)
const { user, system } = process.cpuUsage(cpu)
const segments = await segmentsOf(storage)
const parquet = segments.reduce((sum, { bytes }) => sum + bytes, 0)
const windowAfter = await timed(() => reads.window('bench', 0, Number.MAX_SAFE_INTEGER))
const paths = await Promise.all(segments.map(({ blob }) => blobs.path(blob)))
const question = await timed(() =>
  withDuck({ folders: paths.map((path) => join(path, '..')) }, (duck) =>
    duck.rows(
      `SELECT version, label, count(*), avg(value), avg((inputs->>'f0')::DOUBLE) FROM read_parquet([${paths.map((path) => `'${path}'`).join(', ')}]) GROUP BY ALL`,
    ),
  ),
)
console.log(`${moved} records`)
console.log(`in the table        ${(table / records).toFixed(0).padStart(6)} bytes each, with its indexes`)
console.log(
  `in Parquet files    ${(parquet / moved).toFixed(0).padStart(6)} bytes each, and ${(sizeOf() / moved).toFixed(0)} in the database to find it by its id`,
)
console.log(`moving it           ${((user + system) / moved).toFixed(1).padStart(6)} µs of CPU each`)
console.log(
  `a window of 100,000 ${windowBefore.toFixed(0).padStart(6)} ms from the table, ${windowAfter.toFixed(0)} ms from files`,
)
console.log(`a question over all ${question.toFixed(0).padStart(6)} ms in DuckDB: count and means by version and label`)
await storage.close()
await rm(folder, { recursive: true, force: true })

/** Without the pages that are free by now. */
function sizeOf(): number {
  const database = new DatabaseSync(file)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const of = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0])
  const size = (of('page_count') - of('freelist_count')) * of('page_size')
  database.close()
  return size
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
