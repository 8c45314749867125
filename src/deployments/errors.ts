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
