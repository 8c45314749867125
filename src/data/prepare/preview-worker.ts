/** The child process that tries a recipe out: SQL that a person is still writing runs here, and nowhere else. */
import { serveAsChild } from '#platform/process'
import type { DatasetSpec } from '../contract.ts'
import { type JoinedSample, previewRecipe, sampleEntities } from './preview.ts'
import type { BroughtFile } from '../sources/resolved.ts'
import type { KeptTable } from './tables-read.ts'

export interface PreviewWork {
  readonly dataset: string
  readonly spec: DatasetSpec
  readonly others: Record<string, DatasetSpec>
  /** Its own rows, and those of others that the recipe reads. */
  readonly tables: Record<string, KeptTable>
  /** Files that only a server could bring: of its own, and of the others. */
  readonly brought?: BroughtFile | undefined
  readonly broughtTables?: Readonly<Record<string, BroughtFile>>
  /** The project's folder. */
  readonly project: string
  /** Where files are left. */
  readonly folder: string
  /** The sample that an earlier preview left. */
  readonly made?: string | undefined
  /** Keys of feature views: only the rows that are to be joined to them are made. */
  readonly keys?: readonly string[] | undefined
  /** Those rows with their features. */
  readonly joined?: JoinedSample | undefined
}

serveAsChild<PreviewWork>(({ project, folder, keys, ...work }) => {
  const request = { ...work, folder: project, target: folder }
  return keys ? sampleEntities(request, keys) : previewRecipe(request)
})
