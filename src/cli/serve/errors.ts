import { OrreryError } from '#platform/errors'

export class NoSuchModelFile extends OrreryError {
  constructor(what: string) {
    super({
      code: 'ORRERY_SERVE_NO_SUCH_FILE',
      status: 404,
      message: `There is no file or folder "${what}".`,
      hint: 'Name an .onnx file, a folder of them, or a registered version as price-up@8.',
    })
  }
}

export class NothingToServe extends OrreryError {
  constructor(what: string, problem: string, example: string) {
    super({
      code: 'ORRERY_SERVE_NOTHING_TO_SERVE',
      status: 400,
      message: `"${what}" ${problem}.`,
      hint: `Serve one as: orrery serve ${example}`,
    })
  }
}

export class PackageNotDownloaded extends OrreryError {
  constructor(what: string, status: number, reason: string) {
    super({
      code: 'ORRERY_SERVE_PACKAGE_NOT_DOWNLOADED',
      status: 502,
      message: `The server has no package of ${what} for us (${status}): ${reason}`,
      hint: 'Name the server with ORRERY_SERVER and a token of it with ORRERY_TOKEN; package the version first.',
    })
  }
}

export class ModelNotLoaded extends OrreryError {
  constructor(model: string, reason: string) {
    super({
      code: 'ORRERY_SERVE_MODEL_NOT_LOADED',
      status: 503,
      message: `The model "${model}" cannot answer: ${reason.replace(/\.$/, '')}.`,
      hint: `Load it with POST /v2/repository/models/${model}/load.`,
    })
  }
}
