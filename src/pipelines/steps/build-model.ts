import { join } from 'node:path'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import { type StoredProject, trainedOn } from '#projects'
import type { PipelineInput, PipelineNeeds } from '../needs.ts'
import type { Built } from '../tabular/build.ts'
import type { TrainingPlan } from '../tabular/training.ts'
import type { BuildModelInput } from '../workers/build-model.ts'
import { picturePlaces } from './picture-places.ts'
import type { DataStep } from './read-data.ts'

/** What is left of a build when its files are blobs: plain data that the journal can keep. */
export type BuiltModel = Omit<Built, 'files'> & {
  onnx: { hash: string; size: number }
  model: { hash: string; size: number } | null
  requests: string
  sheet: { hash: string; size: number } | null
}

const HOURS = 3_600_000
const MEMORY_MB = 4_096

/** Trains, evaluates and packages in a child process; the journal keeps the outcome as one step. */
export function buildModel(
  job: JobContext<PipelineInput>,
  needs: PipelineNeeds,
  { spec, folder: projectFolder }: StoredProject,
  read: DataStep,
  training: TrainingPlan,
  files: string,
): Promise<BuiltModel> {
  const { blobs, data, championOf } = needs
  return job.step('model', async () => {
    const version = await data.version(read.version)
    const input: BuildModelInput = {
      parquet: await data.readPath(version),
      set: trainedOn(spec),
      version: { schema: version.schema, profile: version.profile, split: version.split },
      training,
      champion: await championOf(job.input.endpoint),
      folder: join(files, 'model'),
      places: picturePlaces(needs, projectFolder, trainedOn(spec)),
    }
    const built = await runInChild<Built>(new URL('../workers/build-model.ts', import.meta.url), input, {
      what: 'Training',
      timeoutMs: 6 * HOURS,
      memoryMb: MEMORY_MB,
      signal: job.signal,
      onProgress: (progress) => job.progress(progress),
    })
    const { files: made, ...rest } = built
    return {
      ...rest,
      onnx: await blobs.putFile(made.onnx),
      model: made.model ? await blobs.putFile(made.model) : null,
      requests: (await blobs.putFile(made.requests)).hash,
      sheet: made.sheet ? await blobs.putFile(made.sheet) : null,
    }
  })
}
