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

export class RolloutUnknown extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_DEPLOYMENTS_ROLLOUT_UNKNOWN',
      status: 404,
      message: `There is no roll-out "${id}".`,
      hint: 'See GET /api/endpoints/<endpoint>/rollouts.',
    })
  }
}

export class NoRolloutUnderWay extends OrreryError {
  constructor(endpoint: string, version: number | undefined) {
    super({
      code: 'ORRERY_DEPLOYMENTS_NO_ROLLOUT',
      status: 409,
      message: `Nothing is being rolled out on "${endpoint}"${version === undefined ? '' : ` as v${version}`}.`,
      hint: `\`orrery rollout status ${endpoint}\` shows what was; \`orrery rollout back ${endpoint}\` puts the previous version back.`,
    })
  }
}

export class RolloutNotLive extends OrreryError {
  constructor(endpoint: string, version: number, state: string, action: string) {
    super({
      code: 'ORRERY_DEPLOYMENTS_ROLLOUT_NOT_LIVE',
      status: 409,
      message: `v${version} is ${state.replaceAll('_', ' ')} on "${endpoint}": there is no step to ${action} yet.`,
      hint: 'Steps begin when its checks have passed and it is signed; neither can be skipped. It can be aborted.',
    })
  }
}
