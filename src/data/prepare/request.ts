import type { PrepareStep } from '#projects/contract'
import type { DatasetSpec } from '../contract.ts'

/** Another data set of the project, read. */
export interface OtherTable {
  path: string
  time: readonly string[] | undefined
}

export interface TableStepsRequest {
  /** Its name: SQL reads the table so far by it. */
  dataset: string
  spec: Pick<DatasetSpec, 'label' | 'time' | 'split'>
  steps: readonly PrepareStep[]
  parquetPath: string
  others: ReadonlyMap<string, OtherTable>
  /** Folder for the tables in between, of which the last is the result. */
  folder: string
  memoryMb?: number | undefined
}
