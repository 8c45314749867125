import { join } from 'node:path'
import type { Pictures } from '#projects/contract'
import type { DatasetSpec, TableSchema } from '../contract.ts'
import { type IngestedTable, ingestTable } from '../ingest.ts'
import { readFrom } from '../sources/place.ts'
import { listPictures } from './list-pictures.ts'

/**
 * A folder of pictures as a table: what each is, what is measured of it, and its label.
 *
 * @param request.project the folder that the source is named from
 * @param request.work where the list is left; the table goes to `target`
 * @throws NoLabelledPictures, PicturesBroken, and what `ingestTable` throws
 */
export async function ingestPictures(
  {
    spec,
    size,
    project,
    work,
    target,
    previous,
  }: {
    spec: DatasetSpec
    size: Pictures
    project: string
    work: string
    target: string
    previous?: TableSchema | undefined
  },
  progress: (message: string, fraction?: number) => void = () => {},
): Promise<IngestedTable> {
  const path = join(work, 'pictures.jsonl')
  const listed = await listPictures({ folder: project, source: spec.source, label: spec.label!, size }, path, progress)
  if (listed.broken.length > 0)
    progress(`${listed.broken.length} pictures left out: ${listed.broken[0]!.file} ${listed.broken[0]!.reason}`)
  const table = await ingestTable({ spec: readFrom(path, spec), folder: project, target, previous, progress })
  return { ...table, source: { ...table.source, source: spec.source } as IngestedTable['source'] }
}
