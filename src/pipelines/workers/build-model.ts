/** The child process of a run's training: paths and plain data in, files and plain data out. */
import { type DataVersion, readFrame, splitRows } from '#data'
import { serveAsChild } from '#platform/process'
import { selectColumns, takeRows } from '#platform/table'
import type { DataSpec } from '#projects/contract'
import { buildCandidate } from '../tabular/build.ts'
import type { Champion } from '../tabular/compare.ts'
import { featureColumns } from '../tabular/features.ts'
import type { HeldBack } from '../tabular/held-back.ts'
import { pick, type TrainingTable } from '../tabular/table.ts'
import type { TrainingPlan } from '../tabular/training.ts'

export interface BuildModelInput {
  parquet: string
  set: DataSpec
  version: Pick<DataVersion, 'schema' | 'profile'>
  training: TrainingPlan
  champion: Champion | null
  folder: string
}

serveAsChild<BuildModelInput>(async ({ parquet, set, version, training, champion, folder }, progress) => {
  progress('reading the table')
  const { table, split } = await readTable(parquet, set, version)
  return buildCandidate(table, { set, training, split, champion, folder }, progress)
})

/** The labelled rows in order of time, and how they are split. */
async function readTable(
  parquet: string,
  set: DataSpec,
  { schema, profile }: BuildModelInput['version'],
): Promise<{ table: TrainingTable; split: HeldBack }> {
  const label = profile.label!
  const features = featureColumns(schema.columns, set)
  const looked = [...new Set([...features, ...set.segments, ...set.sensitive])]
  const { frame, target, time } = await readFrame(parquet, { columns: looked, label, time: set.time ?? null })
  const rows = labelledInOrder(target!, time)
  const ordered = { all: takeRows(frame, rows), target: pick(target!, rows), times: time && pick(time, rows) }
  const { rows: split } = splitRows({ target: ordered.target, time: ordered.times }, set.split)
  const table: TrainingTable = {
    ...ordered,
    features: selectColumns(ordered.all, features),
    problem: label.task === 'regression' ? { task: 'regression' } : { task: label.task, classes: label.classes },
  }
  return { table, split }
}

function labelledInOrder(target: Float64Array, time: Float64Array | undefined): Int32Array {
  const rows = Int32Array.from(target.keys()).filter((row) => !Number.isNaN(target[row]!))
  return time ? rows.sort((a, b) => time[a]! - time[b]! || a - b) : rows
}
