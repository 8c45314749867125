/** The child process of a run's training: paths and plain data in, files and plain data out. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { featureColumns, fitPreparation, type PicturePlaces, prepareTable, readFrame, readSplit } from '#data'
import type { DataVersion } from '#data/contract'
import { serveAsChild } from '#platform/process'
import { selectColumns, takeRows } from '#platform/table'
import type { Preparation } from '#preparation'
import { partsOfRecipe } from '#projects'
import type { TrainingData } from '#projects/contract'
import { buildCandidate } from '../tabular/build.ts'
import { readTablePictures } from '../pictures/table-pictures.ts'
import type { Champion } from '../tabular/compare.ts'
import { type HeldBack, heldBackFor } from '../tabular/held-back.ts'
import { pick, type TrainingTable } from '../tabular/table.ts'
import type { TrainingPlan } from '../tabular/training.ts'

export interface BuildModelInput {
  parquet: string
  set: TrainingData
  version: Pick<DataVersion, 'schema' | 'profile' | 'split'>
  training: TrainingPlan
  champion: Champion | null
  folder: string
  /** Where the pictures are, of a table of pictures. */
  places: PicturePlaces | null
}

serveAsChild<BuildModelInput>(async ({ parquet, set, version, training, champion, folder, places }, progress) => {
  progress('reading the table')
  const { table, split, rows } = await readTable(parquet, set, version, places)
  const prepared = await prepare(table, { set, training, split, rows, parquet, version, folder }, progress)
  return buildCandidate({ ...table, prepared }, { set, training, split, champion, folder }, progress)
})

/**
 * What the trainer sees, where the recipe has steps that go into the package. They are fitted on the rows that candidates are
 * fitted on, and on no other. A model that was trained elsewhere brings its own.
 */
async function prepare(
  table: TrainingTable,
  input: Pick<BuildModelInput, 'set' | 'training' | 'parquet' | 'version' | 'folder'> & {
    split: HeldBack
    rows: Int32Array
  },
  progress: (message: string) => void,
): Promise<TrainingTable['prepared']> {
  const { set, training, split, rows, parquet, version } = input
  const { table: before, inPackage } = partsOfRecipe(set.prepare)
  const folder = join(input.folder, 'prepared')
  const prepared = async (preparation: Preparation) => {
    const frame = await prepareTable(parquet, preparation, folder)
    return { frame: takeRows(frame, rows), preparation }
  }
  // What a command was trained on was prepared before it ran.
  if ('preparation' in training && training.preparation !== undefined)
    return prepared(JSON.parse(await readFile(training.preparation, 'utf8')))
  if (inPackage.length === 0 || 'onnx' in training) return undefined
  progress('fitting the preparation')
  const held = heldBackFor(set, training, table.times, split)
  const preparation = await fitPreparation({
    parquetPath: parquet,
    schema: version.schema,
    features: featureColumns(version.schema, set),
    steps: inPackage,
    first: before.length,
    train: held.train.map((row) => rows[row]!),
    folder,
  })
  return prepared(preparation)
}

/** The labelled rows in order of time, the version's split in their numbers, and their own numbers in the version. */
async function readTable(
  parquet: string,
  set: TrainingData,
  { schema, profile, split }: BuildModelInput['version'],
  places: PicturePlaces | null,
): Promise<{ table: TrainingTable; split: HeldBack; rows: Int32Array }> {
  const label = profile.label!
  const features = featureColumns(schema, set)
  const looked = [...new Set([...features, ...set.segments, ...set.sensitive])]
  const { frame, target, time } = await readFrame(parquet, { columns: looked, label, time: set.time ?? null })
  const rows = labelledInOrder(target!, time)
  const all = takeRows(frame, rows)
  const table: TrainingTable = {
    all,
    features: selectColumns(all, features),
    target: pick(target!, rows),
    times: time && pick(time, rows),
    problem: label.task === 'regression' ? { task: 'regression' } : { task: label.task, classes: label.classes },
    ...(places && { pictures: await readTablePictures(parquet, places, rows) }),
  }
  const place = new Int32Array(frame.rows)
  rows.forEach((row, i) => {
    place[row] = i
  })
  const { train, validation, test } = await readSplit(parquet, split!, label, set.time)
  const placed = (part: Int32Array) => part.map((row) => place[row]!).sort()
  return { table, rows, split: { train: placed(train), validation: placed(validation), test: placed(test) } }
}

function labelledInOrder(target: Float64Array, time: Float64Array | undefined): Int32Array {
  const rows = Int32Array.from(target.keys()).filter((row) => !Number.isNaN(target[row]!))
  return time ? rows.sort((a, b) => time[a]! - time[b]! || a - b) : rows
}
