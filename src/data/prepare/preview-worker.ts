/** The child process that tries a recipe out: SQL that a person is still writing runs here, and nowhere else. */
import { serveAsChild } from '#platform/process'
import type { DatasetSpec } from '../contract.ts'
import { previewRecipe } from './preview.ts'
import type { KeptTable } from './tables-read.ts'

export interface PreviewWork {
  readonly dataset: string
  readonly spec: DatasetSpec
  readonly others: Record<string, DatasetSpec>
  /** Its own rows, and those of others that the recipe reads. */
  readonly tables: Record<string, KeptTable>
  /** The project's folder. */
  readonly project: string
  /** Where files are left. */
  readonly folder: string
  /** The sample that an earlier preview left. */
  readonly made?: string | undefined
}

serveAsChild<PreviewWork>(({ project, folder, ...work }) => previewRecipe({ ...work, folder: project, target: folder }))
