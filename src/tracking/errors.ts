import { OrreryError } from '#platform/errors'

export class RunUnknown extends OrreryError {
  constructor(run: string) {
    super({
      code: 'ORRERY_TRACKING_RUN_UNKNOWN',
      status: 404,
      message: `There is no run ${run}.`,
      hint: 'List the runs of the project: GET /api/runs?project=…',
    })
  }
}

export class ExperimentUnknown extends OrreryError {
  constructor(experiment: string) {
    super({
      code: 'ORRERY_TRACKING_EXPERIMENT_UNKNOWN',
      status: 404,
      message: `There is no experiment ${experiment}.`,
      hint: 'Create it first, or check its id.',
    })
  }
}

export class ParamConflict extends OrreryError {
  constructor(key: string, before: string, after: string) {
    super({
      code: 'ORRERY_TRACKING_PARAM_CONFLICT',
      status: 400,
      message: `Param "${key}" is "${before}" already; a param is written once and cannot become "${after}".`,
      hint: 'Log what changes during a run as a metric or a tag, or start a new run.',
    })
  }
}

export class ExperimentExists extends OrreryError {
  constructor(name: string) {
    super({
      code: 'ORRERY_TRACKING_EXPERIMENT_EXISTS',
      status: 409,
      message: `There is an experiment "${name}" already.`,
      hint: 'Use it, or take another name; one in the bin can be restored.',
    })
  }
}

export class InBin extends OrreryError {
  constructor(what: string) {
    super({
      code: 'ORRERY_TRACKING_IN_BIN',
      status: 400,
      message: `The ${what} is in the bin: nothing can be written to it.`,
      hint: 'Restore it first.',
    })
  }
}

export class TagUnknown extends OrreryError {
  constructor(key: string, owner: string) {
    super({
      code: 'ORRERY_TRACKING_TAG_UNKNOWN',
      status: 404,
      message: `There is no tag "${key}" on ${owner}.`,
      hint: 'Tags are removed by the exact key they were set with.',
    })
  }
}

export class LoggedModelUnknown extends OrreryError {
  constructor(model: string) {
    super({
      code: 'ORRERY_TRACKING_MODEL_UNKNOWN',
      status: 404,
      message: `There is no logged model ${model}.`,
      hint: 'Logged models are listed with the experiment they belong to.',
    })
  }
}

export class ArtifactUnknown extends OrreryError {
  constructor(owner: string, path: string) {
    super({
      code: 'ORRERY_TRACKING_ARTIFACT_UNKNOWN',
      status: 404,
      message: `There is no artifact "${path}" of ${owner}.`,
      hint: 'List its artifacts to see their paths.',
    })
  }
}

export class ArtifactPathInvalid extends OrreryError {
  constructor(path: string, reason: string) {
    super({
      code: 'ORRERY_TRACKING_ARTIFACT_PATH_INVALID',
      status: 400,
      message: `"${path.slice(0, 200)}" is no path of an artifact: ${reason}.`,
      hint: 'Use a relative path such as model/weights.bin, with / between folders.',
    })
  }
}

export class Kept extends OrreryError {
  constructor(what: string, keeper: string) {
    super({
      code: 'ORRERY_TRACKING_KEPT',
      status: 409,
      message: `${what} cannot be deleted: ${keeper} was registered from it.`,
      hint: 'Delete that version first, if nothing needs it any more; then this goes into the bin.',
    })
  }
}
