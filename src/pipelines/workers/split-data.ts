/** The child process that lays out what a training command of the user's own may see: everything but the test rows. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  featureColumns,
  fitPreparation,
  type PicturePlaces,
  readFrame,
  readSplit,
  writePrepared,
  writeRows,
} from '#data'
import type { DataVersion, LabelFacts } from '#data/contract'
import { serveAsChild } from '#platform/process'
import type { Preparation } from '#preparation'
import { partsOfRecipe } from '#projects'
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
  /** JSON: how the features were prepared, where the recipe does. */
  preparation: string | null
}

serveAsChild<SplitDataInput>(async ({ parquet, set, version, folder, places }, progress): Promise<SplitData> => {
  progress('laying out the train and validation rows')
  const label = version.profile.label!
  const features = featureColumns(version.schema, set)
  const { train, validation } = await readSplit(parquet, version.split!, label, set.time)
  const preparation = await prepare({ parquet, set, version, folder }, features, train, progress)
  const table = preparation ? join(folder, 'prepared.parquet') : parquet
  if (preparation) await writePrepared(parquet, preparation, { features, target: table })
  const files = {
    all: join(folder, 'data.parquet'),
    train: join(folder, 'train.parquet'),
    validation: join(folder, 'validation.parquet'),
    signature: join(folder, 'signature.json'),
    pictures: places && join(folder, 'pictures'),
    preparation: preparation && join(folder, 'preparation.json'),
  }
  await writeRows(table, train, files.train)
  await writeRows(table, validation, files.validation)
  await writeRows(table, Int32Array.from([...train, ...validation]), files.all)
  if (preparation) await writeFile(files.preparation!, JSON.stringify(preparation))
  // Kinds of columns are those of the whole table; which categories there are is for the command to find in its rows.
  const { frame } = await readFrame(table, {
    columns: preparation?.program.columns.map((column) => column.name) ?? features,
    rows: { from: 0, to: 1 },
  })
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

/** What goes into the package in front of the model, fitted on the train rows alone: those to choose between candidates on tell it nothing. */
async function prepare(
  { parquet, set, version, folder }: Omit<SplitDataInput, 'places'>,
  features: readonly string[],
  train: Int32Array,
  progress: (message: string) => void,
): Promise<Preparation | null> {
  const { table: before, inPackage } = partsOfRecipe(set.prepare)
  if (inPackage.length === 0) return null
  progress('fitting the preparation')
  return fitPreparation({
    ...{
      parquetPath: parquet,
      schema: version.schema,
      features,
      steps: inPackage,
      first: before.length,
      train,
      folder,
    },
  })
}

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
