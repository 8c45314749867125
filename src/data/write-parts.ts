import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { LabelFacts, SplitDescriptor } from './contract.ts'
import { makeFolder, withDuck } from './duckdb.ts'
import { rowCount } from './frame.ts'
import { readSplit } from './read-split.ts'
import { text } from './sql.ts'
import { writeParquet } from './write-parquet.ts'

const PARTS = ['train', 'validation', 'test'] as const
const AT_ONCE = 100_000

export interface WrittenParts {
  /** The version's table. */
  readonly path: string
  readonly split: SplitDescriptor
  readonly label: LabelFacts
  readonly time: readonly string[]
  readonly target: string
}

/**
 * Writes the part of the split that each row is in as a Parquet file with one column, `part`, beside the rows of the
 * table and in their order; null for a row without a label.
 *
 * @throws SplitChanged
 */
export async function writeParts({ path, split, label, time, target }: WrittenParts): Promise<void> {
  const folder = await makeFolder(dirname(target))
  const list = `${target}.rows`
  const rows = await readSplit(path, split, label, time)
  try {
    await withDuck({ folders: [dirname(path), folder], threads: 1 }, async (duck) => {
      const partOf = new Uint8Array(await rowCount(duck, path))
      PARTS.forEach((part, i) => {
        for (const row of rows[part]) partOf[row] = i + 1
      })
      await writeLines(list, partOf)
      const codes = `read_csv(${text(list)}, auto_detect = false, header = false, columns = {'code': 'INTEGER'})`
      await writeParquet(duck, `SELECT [${PARTS.map(text).join(', ')}][code] AS part FROM ${codes}`, target, 1)
    })
  } finally {
    await rm(list, { force: true })
  }
}

async function writeLines(file: string, codes: Uint8Array): Promise<void> {
  const out = createWriteStream(file)
  for (let from = 0; from < codes.length; from += AT_ONCE)
    if (!out.write(`${codes.subarray(from, from + AT_ONCE).join('\n')}\n`)) await once(out, 'drain')
  out.end()
  await once(out, 'finish')
}
