import { join } from 'node:path'
import { makeFolder, withDuck } from '../duckdb.ts'
import { ingestTable } from '../ingest.ts'
import type { TableDiff } from './contract.ts'
import { diffTables } from './diff-tables.ts'

/** What changed between two files of tables, each read as a data set would be. */
export async function diffFiles(options: {
  before: string
  after: string
  key: readonly string[] | null
  folder: string
  target: string
}): Promise<TableDiff> {
  const { before, after, key, folder } = options
  const target = await makeFolder(options.target)
  const paths: string[] = []
  for (const [i, source] of [before, after].entries())
    paths.push((await ingestTable({ spec: { source }, folder, target: join(target, String(i)) })).parquetPath)
  return withDuck({ folders: [target] }, (duck) => diffTables(duck, paths[0]!, paths[1]!, key))
}
