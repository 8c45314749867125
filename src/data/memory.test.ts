import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { writeLargeTable } from './large-table.fixture.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()
const child = fileURLToPath(new URL('memory.fixture.ts', import.meta.url))

/** What reading a CSV of `rows` rows costs a process of its own. */
async function costOf(rows: number): Promise<{ rows: number; peakMb: number; csvMb: number }> {
  const path = folder.path(`${rows}.csv`)
  await writeLargeTable(folder.path(), path, rows)
  const { stdout } = await promisify(execFile)(process.execPath, [child, path, folder.target()])
  return { ...JSON.parse(stdout), csvMb: (await stat(path)).size / 1e6 }
}

// Peak memory is read from /proc.
it.skipIf(process.platform !== 'linux')(
  'memory does not grow with the table: 100 MB fit where 25 MB do, but for a few numbers per row',
  { timeout: 180_000 },
  async () => {
    const small = await costOf(150_000)
    const large = await costOf(600_000)
    expect([small.rows, large.rows]).toEqual([150_000, 600_000])
    expect(large.csvMb).toBeGreaterThan(99)
    // 450,000 more rows: label, time and places in a split are 24 bytes each; the rest is DuckDB filling its limit.
    expect(large.peakMb - small.peakMb).toBeLessThan(250)
    expect(large.peakMb).toBeLessThan(700)
  },
)
