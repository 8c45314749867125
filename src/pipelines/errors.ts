import { OrreryError } from '#platform/errors'

export class PipelineRunUnknown extends OrreryError {
  constructor(run: string) {
    super({
      code: 'ORRERY_PIPELINES_RUN_UNKNOWN',
      status: 404,
      message: `There is no pipeline run ${run}.`,
      hint: 'List the runs of the project: GET /api/projects/<project>/pipeline-runs.',
    })
  }
}

export class CommandLeftNoModel extends OrreryError {
  constructor(command: string, path: string) {
    super({
      code: 'ORRERY_PIPELINES_NO_MODEL',
      status: 422,
      message: `"${command}" ended well but left no model at ${path}.`,
      hint: 'Write the ONNX file to the path in ORRERY_MODEL, or name its place with `model:` in orrery.yaml.',
    })
  }
}

export class ModelTooLarge extends OrreryError {
  constructor(command: string, bytes: number, limit: number) {
    super({
      code: 'ORRERY_PIPELINES_MODEL_TOO_LARGE',
      status: 413,
      message: `"${command}" left a model of ${bytes} bytes; the step allows ${limit}.`,
      hint: 'Leave a smaller model, or raise limits.model of the step in orrery.yaml.',
    })
  }
}

export class ModelInputsUnfit extends OrreryError {
  /** @param columns what it was trained on */
  constructor(command: string, why: string, columns: readonly string[]) {
    const shown = columns.slice(0, 20).map((column) => `"${column}"`)
    const more = columns.length > shown.length ? ` and ${columns.length - shown.length} more` : ''
    super({
      code: 'ORRERY_PIPELINES_MODEL_INPUTS_UNFIT',
      status: 422,
      message: `The model of "${command}" does not take the prepared columns: ${why}. The columns are ${shown.join(', ')}${more}.`,
      hint: 'Give it one input for each of the `features` in ORRERY_SIGNATURE, or one of all numbers and one of all texts in their order.',
    })
  }
}

export class ModelUnfit extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PIPELINES_MODEL_UNFIT',
      status: 422,
      message: `The model does not fit the rows of the project: ${reason}.`,
      hint: 'It is judged where the data has its columns, of the same kinds, and a label of the same classes in the same order.',
    })
  }
}

export class NothingToJudgeOn extends OrreryError {
  constructor(project: string, dataset: string) {
    super({
      code: 'ORRERY_PIPELINES_NOTHING_TO_JUDGE_ON',
      status: 409,
      message: `The project "${project}" has read no version of "${dataset}" yet, so there are no rows to judge a model on.`,
      hint: 'Run its pipeline once: orrery run.',
    })
  }
}

export class EnvironmentNotMade extends OrreryError {
  constructor(lockFile: string, reason: string) {
    super({
      code: 'ORRERY_PIPELINES_ENVIRONMENT_NOT_MADE',
      status: 422,
      message: `No Python environment could be made from ${lockFile}: ${reason}`,
      hint: 'Make it by hand with `uv pip sync` to see what is wrong; every package must exist for this version of Python.',
    })
  }
}

export class MlprojectInvalid extends OrreryError {
  constructor(file: string, problem: string, hint = 'Try it with `mlflow run` to see what it wants.') {
    super({
      code: 'ORRERY_PIPELINES_MLPROJECT_INVALID',
      status: 422,
      message: `${file} cannot be run: ${problem}.`,
      hint,
    })
  }
}

export class PictureModelUndescribed extends OrreryError {
  constructor(command: string, reason: string) {
    super({
      code: 'ORRERY_PIPELINES_PICTURE_MODEL_UNDESCRIBED',
      status: 422,
      message: `"${command}" did not say how its model takes pictures: ${reason}.`,
      hint: 'Write model.json into the folder in ORRERY_PICTURES: input, layout, mean, std; see docs/guide/pet-park.md.',
    })
  }
}

/** A project that deploys nothing, or composed models only. */
export class NothingIsTrained extends OrreryError {
  constructor(project: string) {
    super({
      code: 'ORRERY_PIPELINES_NOTHING_IS_TRAINED',
      status: 409,
      message: `"${project}" deploys no model that its pipeline trains.`,
      hint: 'Add a deployment without `graph:` to orrery.yaml; a run sends its version there.',
    })
  }
}
