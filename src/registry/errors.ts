import { OrreryError } from '#platform/errors'

export class ModelUnknown extends OrreryError {
  constructor(model: string) {
    super({
      code: 'ORRERY_REGISTRY_MODEL_UNKNOWN',
      status: 404,
      message: `There is no registered model "${model}".`,
      hint: 'See GET /api/models; a first run of the project’s pipeline registers its model.',
    })
  }
}

export class VersionUnknown extends OrreryError {
  constructor(model: string, version: number) {
    super({
      code: 'ORRERY_REGISTRY_VERSION_UNKNOWN',
      status: 404,
      message: `Model "${model}" has no version ${version}.`,
      hint: `See GET /api/models/${model}/versions.`,
    })
  }
}

export class VersionNotCertifiable extends OrreryError {
  constructor(model: string, version: number, state: string) {
    super({
      code: 'ORRERY_REGISTRY_NOT_CERTIFIABLE',
      status: 409,
      message: `${model} v${version} is ${state}; only a candidate can be certified or rejected.`,
      hint: 'Look at its gates and release checks; run the pipeline again for a new candidate.',
    })
  }
}

export class CertifierRoleMissing extends OrreryError {
  constructor(who: string, role: string) {
    super({
      code: 'ORRERY_REGISTRY_CERTIFIER_ROLE',
      status: 403,
      message: `"${who}" cannot sign for production here: the project asks for the role "${role}".`,
      hint: `Ask somebody with that role, or an admin for a token: orrery token create <name> --role ${role}.`,
    })
  }
}

export class SignedAlready extends OrreryError {
  constructor(who: string, missing: readonly string[]) {
    super({
      code: 'ORRERY_REGISTRY_SIGNED_ALREADY',
      status: 409,
      message: `"${who}" has signed this report already; the signature of another person is missing (${missing.join(', ')}).`,
      hint: 'Each signature is of a person of its own.',
    })
  }
}

export class ReportChanged extends OrreryError {
  constructor(model: string, version: number) {
    super({
      code: 'ORRERY_REGISTRY_REPORT_CHANGED',
      status: 409,
      message: `The report of ${model} v${version} is not the one that was read: something was found since.`,
      hint: `Read it again: GET /api/models/${model}/versions/${version}/certificate, then sign the new hash.`,
    })
  }
}

export class VersionNotCertified extends OrreryError {
  constructor(model: string, version: number) {
    super({
      code: 'ORRERY_REGISTRY_NOT_CERTIFIED',
      status: 409,
      message: `${model} v${version} is not certified, so it may not reach production.`,
      hint: `Certify it first: POST /api/models/${model}/versions/${version}/certify.`,
    })
  }
}

export class NameInvalid extends OrreryError {
  constructor(message: string) {
    super({
      code: 'ORRERY_REGISTRY_NAME_INVALID',
      status: 400,
      message,
      hint: 'Names and limits are those of MLflow’s registry.',
    })
  }
}

export class ModelExists extends OrreryError {
  constructor(name: string) {
    super({
      code: 'ORRERY_REGISTRY_MODEL_EXISTS',
      status: 409,
      message: `Registered Model (name=${name}) already exists.`,
      hint: 'Register a version of it, or take another name.',
    })
  }
}

export class AliasUnknown extends OrreryError {
  constructor(model: string, alias: string) {
    super({
      code: 'ORRERY_REGISTRY_ALIAS_UNKNOWN',
      // Not 404: clients of MLflow are told that the parameter is wrong.
      status: 400,
      message: `Registered model alias ${alias} not found.`,
      hint: `See the aliases of ${model}: GET /api/models/${model}.`,
    })
  }
}

export class SourceInvalid extends OrreryError {
  constructor(source: string, reason: string) {
    super({
      code: 'ORRERY_REGISTRY_SOURCE_INVALID',
      status: 400,
      message: `Invalid model version source: '${source.slice(0, 300)}'. ${reason}`,
      hint: 'Register what this server holds, models:/<model id> or runs:/<run id>/<path>, or an absolute address elsewhere.',
    })
  }
}

export class VersionNotPackaged extends OrreryError {
  constructor(model: string, version: number) {
    super({
      code: 'ORRERY_REGISTRY_NOT_PACKAGED',
      status: 409,
      message: `${model} v${version} has no package: it is a model as a client logged it, which no gate has seen.`,
      hint: 'Package it first: what is served is an ONNX file with checked parity and an evaluation report.',
    })
  }
}

export class VersionPackagedAlready extends OrreryError {
  constructor(model: string, version: number) {
    super({
      code: 'ORRERY_REGISTRY_PACKAGED_ALREADY',
      status: 409,
      message: `${model} v${version} has a package already, and a package never changes.`,
      hint: 'Register a new version for another package.',
    })
  }
}

export class VersionNotEvaluated extends OrreryError {
  constructor(model: string, version: number) {
    super({
      code: 'ORRERY_REGISTRY_NOT_EVALUATED',
      status: 409,
      message: `${model} v${version} was packaged, and not judged on the rows of a project.`,
      hint: `Package it for a project whose data has its columns: orrery package ${model}@${version} --project <name>.`,
    })
  }
}

/** What an endpoint answers with is changed by roll-outs only, whichever door somebody comes through. */
export class SetByRollouts extends OrreryError {
  constructor(what: string, model: string, endpoints: readonly string[]) {
    super({
      code: 'ORRERY_REGISTRY_SET_BY_ROLLOUTS',
      status: 409,
      message: `${what} of ${model} is set by roll-outs only, because ${listed(endpoints)} serves this model.`,
      hint: `Certify a version (orrery certify ${model}@<version>) and let it roll out, or roll back: POST /api/endpoints/${endpoints[0]}/roll-back.`,
    })
  }
}

export class VersionInUse extends OrreryError {
  constructor(model: string, version: number, endpoint: string) {
    super({
      code: 'ORRERY_REGISTRY_VERSION_IN_USE',
      status: 409,
      message: `${model} v${version} serves, has served or is on its way at endpoint ${endpoint}: its answers lead back to it, so it cannot be deleted.`,
      hint: 'Reject a candidate that should not go on; a version that has served stays.',
    })
  }
}

export class ModelInUse extends OrreryError {
  constructor(model: string, endpoints: readonly string[], what: 'deleted' | 'renamed') {
    super({
      code: 'ORRERY_REGISTRY_MODEL_IN_USE',
      status: 409,
      message: `${model} cannot be ${what}: ${listed(endpoints)} serves it by this name.`,
      hint: 'Project files name the models of endpoints; register under another name instead.',
    })
  }
}

const listed = (endpoints: readonly string[]) =>
  `endpoint${endpoints.length === 1 ? '' : 's'} ${endpoints.slice(0, 3).join(', ')}`
