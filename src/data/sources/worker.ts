/** The child process that reads a source into a version: paths and plain data in, a Parquet file and its description out. */
import { serveAsChild } from '#platform/process'
import type { DatasetSpec, TableSchema } from '../contract.ts'
import { stopOnFailure } from '../expectations.ts'
import { ingestTable } from '../ingest.ts'
import type { KeptTable } from '../prepare/tables-read.ts'
import type { BroughtFile } from './resolved.ts'

export interface ReadInput {
  spec: DatasetSpec
  dataset: string
  /** The other data sets of the project, by name: what a recipe may join. */
  others: Record<string, DatasetSpec>
  /** Of these, those that it reads, as versions. */
  tables: Record<string, KeptTable>
  /** The project's folder. */
  project: string
  /** Where files are left. */
  folder: string
  previous: TableSchema | undefined
  brought: BroughtFile | undefined
}

serveAsChild<ReadInput>(async ({ project, folder, ...read }, progress) => {
  const table = await ingestTable({ ...read, folder: project, target: folder, progress })
  stopOnFailure(table.expectations)
  return table
})
