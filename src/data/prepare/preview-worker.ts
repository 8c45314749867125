/** The child process that tries a recipe out: SQL that a person is still writing runs here, and nowhere else. */
import { serveAsChild } from '#platform/process'
import type { DatasetSpec } from '../contract.ts'
import { previewRecipe } from './preview.ts'

export interface PreviewWork {
  readonly dataset: string
  readonly spec: DatasetSpec
  readonly others: Record<string, DatasetSpec>
  /** The project's folder. */
  readonly project: string
  /** Where files are left. */
  readonly folder: string
  /** The sample that an earlier preview left. */
  readonly made?: string | undefined
}

serveAsChild<PreviewWork>(({ dataset, spec, others, project, folder, made }) =>
  previewRecipe({ dataset, spec, others, folder: project, target: folder, made }),
)
