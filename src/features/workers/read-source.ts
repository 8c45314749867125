/** The child process that reads the table of a data set: paths and plain data in, a Parquet file and its description out. */
import { type BroughtFile, type IngestedTable, ingestTable, stopOnFailure } from '#data'
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
  /** A source that only the server could bring. */
  readonly brought: BroughtFile | undefined
}

serveAsChild<ReadSourceInput>(
  async ({ spec, dataset, others, project, folder, previous, brought }, progress): Promise<IngestedTable> => {
    const known = { folder: project, dataset, others, brought }
    const table = await ingestTable({ spec, ...known, target: folder, previous, progress })
    stopOnFailure(table.expectations)
    return table
  },
)
