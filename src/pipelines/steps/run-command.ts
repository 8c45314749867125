import { mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { JobContext } from '#platform/jobs'
import { runCommand, runInChild } from '#platform/process'
import { type CommandStep, type StoredProject, trainedOn } from '#projects'
import { CommandLeftNoModel, ModelTooLarge } from '../errors.ts'
import type { PipelineInput, PipelineNeeds } from '../needs.ts'
import { type MlprojectCommand, readMlproject } from '../mlproject.ts'
import { lockedPython, type PythonEnvironment } from '../python.ts'
import { lockPythonEnv } from '../python-env.ts'
import type { SplitData, SplitDataInput } from '../workers/split-data.ts'
import { type PictureModel, readPictureModel } from '../pictures/picture-model.ts'
import { picturePlaces } from './picture-places.ts'
import type { DataStep } from './read-data.ts'
import { secretsOfStep } from './step-secrets.ts'

/** The model that the step called `train` left, and what made it. */
export interface CommandModel {
  /** The ONNX file. */
  onnx: string
  /** Versions of what ran it; empty where the step names no environment. */
  environment: Record<string, string>
  /** How it takes pictures, where it does. */
  pictures?: PictureModel | undefined
  /** JSON: how the columns were prepared that it was trained on, where they were. */
  preparation?: string | undefined
}

/** What the journal keeps of a step. */
interface CommandOutcome {
  /** The last line it printed. */
  summary: string
  printed: string
  environment: Record<string, string>
  onnx: { hash: string; size: number } | null
  pictures?: PictureModel | undefined
  /** A blob. */
  preparation?: string | undefined
}

export interface CommandRun {
  name: string
  step: CommandStep
  read: DataStep
  /** The run that everything the command logs is nested in. */
  trackedRun: string
  /** The pipeline run's own folder for files under way. */
  files: string
}

const MINUTES = 60_000
const MEMORY_MB = 2_048
const KEPT_OUTPUT = 2_000
const LONGEST_SUMMARY = 120

/**
 * Runs a step that is a command of the user's own, in the project folder. It finds its data in `ORRERY_DATA` (Parquet),
 * and an `mlflow` client inside it logs to this server without being told to. The step called `train` is given no test
 * rows, and leaves its model at `ORRERY_MODEL`.
 *
 * @returns the model, from the step that trains
 * @throws CommandLeftNoModel, ModelTooLarge, EnvironmentNotMade
 */
export async function runStepCommand(
  job: JobContext<PipelineInput>,
  needs: PipelineNeeds,
  project: StoredProject,
  run: CommandRun,
): Promise<CommandModel | undefined> {
  const { name, step } = run
  const outcome = await job.step(name, async (): Promise<CommandOutcome> => {
    const secrets = secretsOfStep(project.spec, step, process.env)
    const onLine = (message: string) => job.progress({ message: secrets.mask(message).slice(0, 200) })
    const { command, folder, pythonEnv } = await commandOf(project, step)
    const python = await makeEnvironment(job, needs, { project, step, pythonEnv, onLine })
    const model = name === 'train' ? resolve(project.folder, step.model ?? 'model.onnx') : undefined
    // A model that an earlier run left must not pass for this one's.
    if (model !== undefined) await rm(model, { force: true })
    const { data, preparation } =
      model === undefined ? await wholeTable(needs, run) : await withoutTestRows(job, needs, project, run)
    const identity = needs.lendIdentity(`pipeline-${project.name}`)
    const endNestedRuns = () => needs.storage.write((tx) => needs.tracking.abandonNestedRuns(tx, run.trackedRun))
    try {
      // Whatever logged in an attempt that was cut off is gone.
      await endNestedRuns()
      const told = await runCommand(command, {
        folder,
        timeoutMs: step.limits.time,
        signal: job.signal,
        env: {
          ...secrets.env,
          ...python?.env,
          ...data,
          ORRERY_URL: needs.serverUrl(),
          ORRERY_TOKEN: identity.secret,
          ORRERY_RUN: run.trackedRun,
          ...(model !== undefined && { ORRERY_MODEL: model }),
          ...forMlflow(needs, project, run, identity.secret),
        },
        onLine,
      }).catch((error) => {
        throw secrets.maskError(error)
      })
      const printed = secrets.mask(told)
      const onnx = model === undefined ? null : await keepModel(needs, command, step.limits.model, model)
      const summary = printed.trimEnd().split('\n').at(-1)!.slice(0, LONGEST_SUMMARY)
      const arrays = data.ORRERY_PICTURES
      const pictures = arrays === undefined ? undefined : await readPictureModel(command, arrays)
      const kept = preparation === undefined ? undefined : (await needs.blobs.putFile(preparation)).hash
      const environment = python?.record ?? {}
      return { summary, printed: printed.slice(-KEPT_OUTPUT), environment, onnx, pictures, preparation: kept }
    } finally {
      identity.end()
      await endNestedRuns()
    }
  })
  if (outcome.onnx === null) return undefined
  const { environment, pictures, preparation } = outcome
  return {
    ...{ onnx: await needs.blobs.path(outcome.onnx.hash), environment, pictures },
    preparation: preparation && (await needs.blobs.path(preparation)),
  }
}

const commandOf = async ({ folder }: StoredProject, { run }: CommandStep): Promise<MlprojectCommand> =>
  typeof run === 'string' ? { command: run, folder, pythonEnv: undefined } : readMlproject(folder, run)

/** The environment that the step names; for an MLproject that names packages of its own, one that is locked to them. */
async function makeEnvironment(
  job: JobContext<PipelineInput>,
  needs: PipelineNeeds,
  {
    project,
    step,
    pythonEnv,
    onLine,
  }: { project: StoredProject; step: CommandStep; pythonEnv: string | undefined; onLine: (line: string) => void },
): Promise<PythonEnvironment | undefined> {
  const named = step.environment?.python
  if (named === undefined && pythonEnv === undefined) return undefined
  const options = { folder: join(needs.work, '..', 'python'), signal: job.signal, onLine }
  await mkdir(options.folder, { recursive: true })
  job.progress({ message: `making the Python environment of ${named ?? pythonEnv}` })
  const lock = named === undefined ? await lockPythonEnv(pythonEnv!, options) : resolve(project.folder, named)
  return lockedPython(lock, options)
}

/** What a command is given: variables, and how what is in their files was prepared. */
interface GivenData {
  data: Record<string, string>
  preparation?: string | undefined
}

async function wholeTable({ data }: PipelineNeeds, { read }: CommandRun): Promise<GivenData> {
  return {
    data: {
      ORRERY_DATA: await data.readPath(await data.version(read.version)),
      ORRERY_DATA_VERSION: read.version,
    },
  }
}

async function withoutTestRows(
  job: JobContext<PipelineInput>,
  { data, work }: PipelineNeeds,
  { spec, folder }: StoredProject,
  { read, files, name }: CommandRun,
): Promise<GivenData> {
  const version = await data.version(read.version)
  const input: SplitDataInput = {
    parquet: await data.readPath(version),
    set: trainedOn(spec),
    version: { schema: version.schema, profile: version.profile, split: version.split },
    folder: join(files, name),
    places: picturePlaces({ work }, folder, trainedOn(spec)),
  }
  const split = await runInChild<SplitData>(new URL('../workers/split-data.ts', import.meta.url), input, {
    what: 'Laying out the rows to train on',
    timeoutMs: 30 * MINUTES,
    memoryMb: MEMORY_MB,
    signal: job.signal,
    onProgress: (progress) => job.progress(progress),
  })
  return {
    data: {
      ORRERY_DATA: split.all,
      ORRERY_DATA_TRAIN: split.train,
      ORRERY_DATA_VALIDATION: split.validation,
      ORRERY_DATA_VERSION: read.version,
      ORRERY_SIGNATURE: split.signature,
      ...(split.pictures !== null && { ORRERY_PICTURES: split.pictures }),
    },
    ...(split.preparation !== null && { preparation: split.preparation }),
  }
}

/** What an `mlflow` client reads by itself: where to log, as whom, and which run its runs are nested in. */
function forMlflow(
  { serverUrl }: PipelineNeeds,
  project: StoredProject,
  { name, trackedRun }: CommandRun,
  secret: string,
): Record<string, string> {
  return {
    MLFLOW_TRACKING_URI: serverUrl(),
    MLFLOW_TRACKING_TOKEN: secret,
    MLFLOW_EXPERIMENT_NAME: project.name,
    // Tags that its client gives every run; one that is nested in another run of the script keeps that parent.
    MLFLOW_RUN_CONTEXT: JSON.stringify({ 'mlflow.parentRunId': trackedRun, 'orrery.step': name }),
    // Its links lead to pages of the original.
    MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
    // What a step calls outside of this machine is for the project to decide.
    MLFLOW_DISABLE_TELEMETRY: 'true',
  }
}

/** A blob is still there when a later step is tried again, whatever became of the file by then. */
async function keepModel(
  { blobs }: PipelineNeeds,
  command: string,
  limit: number,
  path: string,
): Promise<CommandOutcome['onnx']> {
  const left = await stat(path).catch(() => undefined)
  if (!left?.isFile()) throw new CommandLeftNoModel(command, path)
  if (left.size > limit) throw new ModelTooLarge(command, left.size, limit)
  return blobs.putFile(path)
}
