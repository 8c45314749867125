import { join, resolve } from 'node:path'
import type { PicturePlaces } from '#data'
import type { DatasetSpec } from '#data/contract'
import type { PipelineNeeds } from '../needs.ts'

/** Where a child finds the pictures of a data set; `null` for one of a table. */
export function picturePlaces(
  { work }: Pick<PipelineNeeds, 'work'>,
  folder: string,
  { pictures, source }: Pick<DatasetSpec, 'pictures' | 'source'>,
): PicturePlaces | null {
  return pictures ? { roots: [resolve(folder, source)], blobs: join(work, '..', 'blobs') } : null
}
