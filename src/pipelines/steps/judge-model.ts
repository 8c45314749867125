import { join } from 'node:path'
import { runInChild } from '#platform/process'
import { trainedOn } from '#projects'
import type { Signature } from '#runtime/contract'
import { NothingToJudgeOn } from '../errors.ts'
import type { PipelineNeeds } from '../needs.ts'
import type { Built } from '../tabular/build.ts'
import type { BuildModelInput } from '../workers/build-model.ts'

/** A model that is packaged, to be judged on a project's rows. */
export interface ModelToJudge {
  /** `model@version`, for messages. */
  name: string
  /** The file of its package. */
  onnx: string
  signature: Signature
  project: string
  /** Whose champion it is compared with; null where it is to replace none. */
  endpoint: string | null
  /** A folder for files under way. */
  folder: string
  /** Folder where Python environments are kept. */
  environments: string
  signal: AbortSignal
  onProgress: (progress: { message: string }) => void
}

export interface Judged extends Pick<Built, 'report' | 'baseline' | 'comparison' | 'promisedLoss'> {
  dataVersion: string
}

const HOUR = 3_600_000
const MEMORY_MB = 4_096

/** Nobody here saw it being trained. */
const UNKNOWN_TRAINING =
  'It was trained outside of this project: rows it is judged on may be among those it has learned from.'

/**
 * Judges a model that was trained elsewhere as the project judges its own: on the held-out rows of its latest data, in a child.
 *
 * @throws ModelUnfit, NothingToJudgeOn
 */
export async function judgeModel(
  { projects, data, championOf }: Pick<PipelineNeeds, 'projects' | 'data' | 'championOf'>,
  { name, onnx, signature, project, endpoint, folder, environments, signal, onProgress }: ModelToJudge,
): Promise<Judged> {
  const { spec } = await projects.project(project)
  const { train } = spec.pipeline
  const dataset = train.with.data
  const latest = await data.latest(project, dataset)
  if (!latest) throw new NothingToJudgeOn(project, dataset)
  const version = await data.version(latest.id)
  const input: BuildModelInput = {
    parquet: await data.readPath(version),
    set: trainedOn(spec),
    version: { schema: version.schema, profile: version.profile, split: version.split },
    training: { name, onnx, signature, environments, with: train.with },
    champion: endpoint === null ? null : await championOf(endpoint),
    folder: join(folder, 'judged'),
    places: null,
  }
  const { report, baseline, comparison, promisedLoss } = await runInChild<Built>(
    new URL('../workers/build-model.ts', import.meta.url),
    input,
    { what: `Judging ${name}`, timeoutMs: HOUR, memoryMb: MEMORY_MB, signal, onProgress },
  )
  const warned = { ...report, warnings: [...report.warnings, UNKNOWN_TRAINING] }
  return { report: warned, baseline, comparison, promisedLoss, dataVersion: version.id }
}
