import { OrreryError } from '#platform/errors'

export class EndpointUnknown extends OrreryError {
  constructor(endpoint: string) {
    super({
      code: 'ORRERY_DEPLOYMENTS_ENDPOINT_UNKNOWN',
      status: 404,
      message: `There is no endpoint "${endpoint}".`,
      hint: 'See GET /api/endpoints; `orrery apply` makes the endpoints of a project file.',
    })
  }
}

export class EndpointOfProject extends OrreryError {
  constructor(endpoint: string, project: string) {
    super({
      code: 'ORRERY_DEPLOYMENTS_ENDPOINT_OF_PROJECT',
      status: 409,
      message: `The endpoint "${endpoint}" belongs to the project "${project}", whose roll-outs decide what it answers with.`,
      hint: `Package the version for that project (orrery package <model>@<version> --project ${project}), or name another endpoint.`,
    })
  }
}

export class EndpointOfAnother extends OrreryError {
  constructor(endpoint: string, model: string, environment: string) {
    super({
      code: 'ORRERY_DEPLOYMENTS_ENDPOINT_OF_ANOTHER',
      status: 409,
      message: `The endpoint "${endpoint}" serves ${model} in ${environment}.`,
      hint: 'An endpoint keeps its model and its environment; take another name with --endpoint.',
    })
  }
}

export class NothingToRollBackTo extends OrreryError {
  constructor(endpoint: string) {
    super({
      code: 'ORRERY_DEPLOYMENTS_NOTHING_BEFORE',
      status: 409,
      message: `Endpoint "${endpoint}" has no earlier version to roll back to.`,
      hint: 'It serves its first version; run the pipeline for another one.',
    })
  }
}
