/** The child process that reads the table of a data set: paths and plain data in, a Parquet file and its description out. */
import { type IngestedTable, ingestTable, stopOnFailure } from '#data'
import type { DatasetSpec, TableSchema } from '#data/contract'
import { serveAsChild } from '#platform/process'

export interface ReadSourceInput {
  readonly spec: DatasetSpec
  /** Its name, and the data sets of its project, which its recipe may read. */
  readonly dataset: string
  readonly others: Record<string, DatasetSpec>
  /** The project's folder. */
  readonly project: string
  /** Where files are left. */
  readonly folder: string
  readonly previous: TableSchema | undefined
}

serveAsChild<ReadSourceInput>(
  async ({ spec, dataset, others, project, folder, previous }, progress): Promise<IngestedTable> => {
    const table = await ingestTable({ spec, folder: project, target: folder, previous, progress, dataset, others })
    stopOnFailure(table.expectations)
    return table
  },
)
