/** The child process of a run's training: paths and plain data in, files and plain data out. */
import { featureColumns, readFrame, readSplit } from '#data'
import type { DataVersion } from '#data/contract'
import { serveAsChild } from '#platform/process'
import { selectColumns, takeRows } from '#platform/table'
import type { TrainingData } from '#projects/contract'
import { buildCandidate } from '../tabular/build.ts'
import type { Champion } from '../tabular/compare.ts'
import type { HeldBack } from '../tabular/held-back.ts'
import { pick, type TrainingTable } from '../tabular/table.ts'
import type { TrainingPlan } from '../tabular/training.ts'

export interface BuildModelInput {
  parquet: string
  set: TrainingData
  version: Pick<DataVersion, 'schema' | 'profile' | 'split'>
  training: TrainingPlan
  champion: Champion | null
  folder: string
}

serveAsChild<BuildModelInput>(async ({ parquet, set, version, training, champion, folder }, progress) => {
  progress('reading the table')
  const { table, split } = await readTable(parquet, set, version)
  return buildCandidate(table, { set, training, split, champion, folder }, progress)
})

/** The labelled rows in order of time, and the version's split in their numbers. */
async function readTable(
  parquet: string,
  set: TrainingData,
  { schema, profile, split }: BuildModelInput['version'],
): Promise<{ table: TrainingTable; split: HeldBack }> {
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
  }
  const place = new Int32Array(frame.rows)
  rows.forEach((row, i) => {
    place[row] = i
  })
  const { train, validation, test } = await readSplit(parquet, split!, label, set.time)
  const placed = (part: Int32Array) => part.map((row) => place[row]!).sort()
  return { table, split: { train: placed(train), validation: placed(validation), test: placed(test) } }
}

function labelledInOrder(target: Float64Array, time: Float64Array | undefined): Int32Array {
  const rows = Int32Array.from(target.keys()).filter((row) => !Number.isNaN(target[row]!))
  return time ? rows.sort((a, b) => time[a]! - time[b]! || a - b) : rows
}
