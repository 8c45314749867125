import { OrreryError } from '#platform/errors'

export class ModelUnknown extends OrreryError {
  constructor(model: string, known: readonly string[]) {
    super({
      code: 'ORRERY_PROTOCOLS_MODEL_UNKNOWN',
      status: 404,
      message: `There is no model "${model.slice(0, 200)}".`,
      hint: known.length === 0 ? 'Nothing is served here yet.' : `Models here: ${known.slice(0, 20).join(', ')}.`,
    })
  }
}

export class ModelVersionUnknown extends OrreryError {
  constructor(model: string, version: string, hint: string) {
    super({
      code: 'ORRERY_PROTOCOLS_MODEL_VERSION_UNKNOWN',
      status: 404,
      message: `The model "${model.slice(0, 200)}" has no version "${version.slice(0, 50)}".`,
      hint,
    })
  }
}

/** A tensor that is sent to an endpoint does not fit its signature. */
export class EndpointTensorInvalid extends OrreryError {
  constructor(endpoint: string, tensor: string, problem: string, hint: string) {
    super({
      code: 'ORRERY_PROTOCOLS_ENDPOINT_TENSOR_INVALID',
      status: 400,
      message: `The tensor "${tensor.slice(0, 100)}" does not fit the endpoint "${endpoint}": ${problem}.`,
      hint,
    })
  }
}

/** An endpoint is loaded as its roll-out says, whoever asks for something else. */
export class EndpointNotUnloaded extends OrreryError {
  constructor(endpoint: string) {
    super({
      code: 'ORRERY_PROTOCOLS_ENDPOINT_NOT_UNLOADED',
      status: 409,
      message: `The endpoint "${endpoint}" answers as long as its roll-out says so.`,
      hint: 'Withdraw its version, or take the endpoint out of its project.',
    })
  }
}

export class BodyTooLarge extends OrreryError {
  constructor(limit: number) {
    super({
      code: 'ORRERY_PROTOCOLS_INFER_BODY_TOO_LARGE',
      status: 413,
      message: `The request is larger than ${limit} bytes, packed or unpacked.`,
      hint: 'Send fewer rows at once.',
    })
  }
}

export class BodyTooSlow extends OrreryError {
  constructor(seconds: number) {
    super({
      code: 'ORRERY_PROTOCOLS_INFER_BODY_TOO_SLOW',
      status: 408,
      message: `The body of the request did not arrive within ${seconds} s.`,
      hint: 'Send it at once, or in smaller parts.',
    })
  }
}

export class BodyNotUnpacked extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_PROTOCOLS_INFER_BODY_NOT_UNPACKED',
      status: 400,
      message: `The body of the request cannot be unpacked: ${reason}.`,
      hint: 'Send it as it is, or with content-encoding gzip or deflate.',
    })
  }
}

/** The connection ended first; nobody is left to read this but the log. */
export class BodyCutShort extends OrreryError {
  constructor() {
    super({
      code: 'ORRERY_PROTOCOLS_INFER_BODY_CUT_SHORT',
      status: 400,
      message: 'The connection ended before the body of the request did.',
      hint: 'Send the request again.',
    })
  }
}
