/**
 * Reads a CSV of 2 GB (or of as many GB as the first argument says) as a dataset and prints what it cost. The claim: a
 * table larger than memory is read, checked, profiled, hashed and stored with a peak below 1 GB.
 *
 *     node bench/data-bad-input/large-csv.ts [gigabytes]
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeLargeTable } from '../../src/data/large-table.fixture.ts'

const BYTES_PER_ROW = 171
const gigabytes = Number(process.argv[2] ?? 2)
const folder = await mkdtemp(join(tmpdir(), 'orrery-large-csv-'))
try {
  const path = join(folder, 'large.csv')
  await writeLargeTable(folder, path, Math.ceil((gigabytes * 1e9) / BYTES_PER_ROW))
  const child = fileURLToPath(new URL('../../src/data/memory.fixture.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [child, path, join(folder, 'out')])
  const cost = JSON.parse(stdout)
  console.log(
    `CSV of ${((await stat(path)).size / 1e6).toFixed(0)} MB, ${cost.rows.toLocaleString('en-US')} rows × 20 columns`,
  )
  for (const { phase, seconds } of cost.phases) console.log(`  ${phase.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s`)
  console.log(`  ${'all'.padEnd(24)} ${cost.seconds.toFixed(1).padStart(6)} s, ${cost.cpuSeconds.toFixed(1)} s CPU`)
  console.log(`  peak memory ${cost.peakMb.toFixed(0)} MB; Parquet ${cost.parquetMb.toFixed(0)} MB`)
} finally {
  await rm(folder, { recursive: true })
}
