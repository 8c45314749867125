import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { JobContext } from '#platform/jobs'
import { runCommand } from '#platform/process'
import type { CommandStep, StoredProject } from '#projects'
import { CommandLeftNoModel } from '../errors.ts'
import type { PipelineInput, PipelineNeeds } from '../needs.ts'
import { lockedPython } from '../python.ts'
import type { DataStep } from './read-data.ts'

/**
 * Runs a step that is a command of the user's own, in the project folder. It finds its data in `ORRERY_DATA` (Parquet),
 * leaves its model at `ORRERY_MODEL`, and an `mlflow` client inside it logs to this server without being told to.
 *
 * @returns the absolute path of the model file, for the step that trains
 */
export async function runStepCommand(
  job: JobContext<PipelineInput>,
  needs: PipelineNeeds,
  project: StoredProject,
  read: DataStep,
  name: string,
  step: CommandStep,
  trackedRun: string,
): Promise<string | undefined> {
  const model = name === 'train' ? resolve(project.folder, step.model ?? 'model.onnx') : undefined
  await job.step(name, async () => {
    const python = step.environment
      ? await lockedPython(resolve(project.folder, step.environment.python), needs.work)
      : {}
    const printed = await runCommand(step.run, {
      folder: project.folder,
      timeoutMs: step.limits.time,
      signal: job.signal,
      env: {
        ...python,
        ORRERY_URL: needs.serverUrl(),
        ORRERY_DATA: await needs.data.readPath(await needs.data.version(read.version)),
        ORRERY_DATA_VERSION: read.version,
        ...(model && { ORRERY_MODEL: model }),
        MLFLOW_TRACKING_URI: needs.serverUrl(),
        MLFLOW_EXPERIMENT_NAME: project.name,
        ORRERY_RUN: trackedRun,
      },
      onLine: (line) => job.progress({ message: line.slice(0, 200) }),
    })
    return { printed: printed.slice(-2_000) }
  })
  if (model === undefined) return undefined
  const left = await access(model).then(
    () => true,
    () => false,
  )
  if (!left) throw new CommandLeftNoModel(step.run, model)
  return model
}
