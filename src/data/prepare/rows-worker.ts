/** The child process that reads the rows of a data set for whoever tries recipes on them. */
import { serveAsChild } from '#platform/process'
import type { DatasetSpec } from '../contract.ts'
import { readRows } from '../ingest.ts'
import type { BroughtFile } from '../sources/resolved.ts'
import type { KeptTable } from './tables-read.ts'

export interface RowsWork {
  readonly dataset: string
  readonly spec: DatasetSpec
  readonly others: Record<string, DatasetSpec>
  /** Of these, those that its recipe reads. */
  readonly tables: Record<string, KeptTable>
  readonly brought: BroughtFile | undefined
  /** The project's folder. */
  readonly project: string
  /** Where files are left. */
  readonly folder: string
}

serveAsChild<RowsWork>(({ project, folder, ...work }) => readRows({ ...work, folder: project, target: folder }))
