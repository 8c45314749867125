/** The child process that lays out what a training command of the user's own may see: everything but the test rows. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { featureColumns, type PicturePlaces, readFrame, readSplit, writeRows } from '#data'
import type { DataVersion, LabelFacts } from '#data/contract'
import { serveAsChild } from '#platform/process'
import type { TrainingData } from '#projects/contract'
import { layOutPictures } from '../pictures/lay-out-pictures.ts'
import { readTablePictures } from '../pictures/table-pictures.ts'
import { signatureOf } from '../tabular/signature.ts'

export interface SplitDataInput {
  parquet: string
  set: TrainingData
  version: Pick<DataVersion, 'schema' | 'profile' | 'split'>
  folder: string
  /** Where the pictures are, of a table of pictures. */
  places: PicturePlaces | null
}

/** Paths of the files. */
export interface SplitData {
  /** The rows of both parts below, the train part first. */
  all: string
  train: string
  validation: string
  /** JSON: what the model has to take and to give. */
  signature: string
  /** A folder of arrays, of a table of pictures. */
  pictures: string | null
}

serveAsChild<SplitDataInput>(async ({ parquet, set, version, folder, places }, progress): Promise<SplitData> => {
  progress('laying out the train and validation rows')
  const label = version.profile.label!
  const features = featureColumns(version.schema, set)
  const { train, validation } = await readSplit(parquet, version.split!, label, set.time)
  const files = {
    all: join(folder, 'data.parquet'),
    train: join(folder, 'train.parquet'),
    validation: join(folder, 'validation.parquet'),
    signature: join(folder, 'signature.json'),
    pictures: places && join(folder, 'pictures'),
  }
  await writeRows(parquet, train, files.train)
  await writeRows(parquet, validation, files.validation)
  await writeRows(parquet, Int32Array.from([...train, ...validation]), files.all)
  // Kinds of columns are those of the whole table; which categories there are is for the command to find in its rows.
  const { frame } = await readFrame(parquet, { columns: features, rows: { from: 0, to: 1 } })
  const problem =
    label.task === 'regression'
      ? ({ task: 'regression' } as const)
      : ({ task: label.task, classes: label.classes } as const)
  const { task, classes, ...signature } = signatureOf(frame, problem, set.label)
  const kinds = signature.features.map(({ name, kind }) => ({ name, kind }))
  await writeFile(files.signature, JSON.stringify({ task, label: set.label, classes, features: kinds }, null, 2))
  if (places)
    await layOutParts({ parquet, set, label, places, parts: { train, validation } }, files.pictures!, progress)
  return files
})

/** The pictures of both parts as arrays, decoded as they will be when they are served. */
async function layOutParts(
  {
    parquet,
    set,
    label,
    places,
    parts,
  }: {
    parquet: string
    set: TrainingData
    label: LabelFacts
    places: PicturePlaces
    parts: Record<string, Int32Array>
  },
  folder: string,
  progress: (message: string, fraction?: number) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { target } = await readFrame(parquet, { columns: [], label })
  for (const [part, rows] of Object.entries(parts)) {
    const { hashes, files } = await readTablePictures(parquet, places, rows)
    const pictures = hashes.map((hash, i) => ({ hash, file: files[i]!, target: target![rows[i]!]! }))
    await layOutPictures({ pictures, places, size: set.pictures! }, { folder, part }, progress)
  }
}
