import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { DatasetSpec, SplitSpec } from './contract.ts'
import { type IngestedTable, type IngestRequest, ingestTable } from './ingest.ts'

/** A folder for the tests of one file, gone afterwards. Used by tests only. */
export function testFolder() {
  let folder = ''
  let targets = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-data-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const write = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  const ingest = (spec: DatasetSpec, more: Partial<IngestRequest> = {}): Promise<IngestedTable> =>
    ingestTable({ spec, folder, target: join(folder, `out-${targets++}`), ...more })
  return {
    path: (...names: string[]) => join(folder, ...names),
    target: () => join(folder, `out-${targets++}`),
    write,
    ingest,
    /** Writes `content` to a file and reads it as a table. */
    ingestText: async (
      content: string | Uint8Array,
      spec: Omit<DatasetSpec, 'source'> = {},
      more: Partial<IngestRequest> & { name?: string } = {},
    ) => {
      const { name = 'table.csv', ...request } = more
      await write(name, content)
      return ingest({ ...spec, source: name }, request)
    },
  }
}

export function splitBy(by: SplitSpec['by'], seed = 0): SplitSpec {
  return { by, seed, train: 0.8, validation: 0.1, test: 0.1 }
}

/** `a,b` rows 1…n with both classes. */
export function plainTable(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => `${i * 1.5},${i % 3 === 0 ? 'yes' : 'no'}`)
  return `amount,bought\n${lines.join('\n')}\n`
}
