/** The child process that reads the table of a data set: paths and plain data in, a Parquet file and its description out. */
import { type IngestedTable, ingestTable, stopOnFailure } from '#data'
import type { DatasetSpec, TableSchema } from '#data/contract'
import { serveAsChild } from '#platform/process'

export interface ReadSourceInput {
  readonly spec: DatasetSpec
  /** The project's folder. */
  readonly project: string
  /** Where files are left. */
  readonly folder: string
  readonly previous: TableSchema | undefined
}

serveAsChild<ReadSourceInput>(async ({ spec, project, folder, previous }, progress): Promise<IngestedTable> => {
  const table = await ingestTable({ spec, folder: project, target: folder, previous, progress })
  stopOnFailure(table.expectations)
  return table
})
