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
