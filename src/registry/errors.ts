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
