import { z } from 'zod'
import { asOrreryError, errorBody, OrreryError } from '#platform/errors'
import type { Dialect } from '#platform/http'

/** What a client sent that the original refuses too. */
export class ParameterInvalid extends OrreryError {
  constructor(message: string, hint = 'See the API docs of MLflow for the parameters of this request.') {
    super({ code: 'ORRERY_PROTOCOLS_PARAMETER_INVALID', status: 400, message, hint })
  }
}

/** What the original has too, and refuses when its artifacts lie in a folder. */
export class TransferNotOffered extends OrreryError {
  constructor(what: string) {
    super({
      code: 'ORRERY_PROTOCOLS_TRANSFER_NOT_OFFERED',
      status: 501,
      message: `${what} is not offered: artifacts go through the server, as streams of any size.`,
      hint: 'PUT and GET /api/2.0/mlflow-artifacts/artifacts/<path>.',
    })
  }
}

export class EndpointUnknown extends OrreryError {
  constructor(method: string, url: string) {
    super({
      code: 'ORRERY_PROTOCOLS_ENDPOINT_UNKNOWN',
      status: 404,
      message: `Orrery does not speak ${method} ${url.split('?')[0]!.slice(0, 200)} of MLflow.`,
      hint: 'See /openapi.json for what it does.',
    })
  }
}

/** Where the code says more than the status does. */
const BY_CODE: Record<string, { error_code: string; status: number }> = {
  ORRERY_TRACKING_EXPERIMENT_EXISTS: { error_code: 'RESOURCE_ALREADY_EXISTS', status: 400 },
  ORRERY_REGISTRY_MODEL_EXISTS: { error_code: 'RESOURCE_ALREADY_EXISTS', status: 400 },
  ORRERY_PROTOCOLS_ENDPOINT_UNKNOWN: { error_code: 'ENDPOINT_NOT_FOUND', status: 404 },
}

/** A body that is no JSON is one thing to the original, however Fastify tells of it. */
const NO_JSON = 415

const BY_STATUS: Record<number, string> = {
  400: 'INVALID_PARAMETER_VALUE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  409: 'RESOURCE_CONFLICT',
  429: 'REQUEST_LIMIT_EXCEEDED',
  501: 'NOT_IMPLEMENTED',
  503: 'TEMPORARILY_UNAVAILABLE',
}

/** The kind of an error beside its code, where the original tells one. */
const CLASSES: Record<string, string> = {
  ...{ INVALID_PARAMETER_VALUE: 'INVALID_PARAMETER_VALUE', RESOURCE_ALREADY_EXISTS: 'RESOURCE_ALREADY_EXISTS' },
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  ...{ RESOURCE_DOES_NOT_EXIST: 'RESOURCE_NOT_FOUND', ENDPOINT_NOT_FOUND: 'RESOURCE_NOT_FOUND' },
  ...{ BAD_REQUEST: 'INVALID_PARAMETER_VALUE', INTERNAL_ERROR: 'CLIENT_INTERNAL_ERROR' },
  ...{ INVALID_STATE: 'CLIENT_INTERNAL_ERROR', TEMPORARILY_UNAVAILABLE: 'CLIENT_INTERNAL_ERROR' },
}
const SQLSTATES: Record<string, string> = { CLIENT_INTERNAL_ERROR: 'XXM00' }
const THEIR_FAULT = 'KAM00'

/** MLflow's form of an error: a code that its clients know, and one text for people. */
export const mlflowDialect: Dialect = {
  errorReply: z.object({
    error_code: z.string(),
    message: z.string(),
    sqlstate: z.string().optional(),
    error_class: z.string().optional(),
  }),
  renderError: (error) => {
    const known = asOrreryError(error) ?? errorBody(error).body.error
    const status = 'status' in known ? known.status : 500
    const text = `${known.message} ${known.hint}`
    const special = BY_CODE[known.code]
    if (special) return { status: special.status, body: bodyOf(special.error_code, text) }
    if (status === NO_JSON) return { status: 400, body: bodyOf('INVALID_PARAMETER_VALUE', text) }
    const code = BY_STATUS[status] ?? (status >= 500 ? 'INTERNAL_ERROR' : 'BAD_REQUEST')
    return { status, body: bodyOf(code, text) }
  },
}

function bodyOf(code: string, message: string) {
  const error_class = CLASSES[code]
  if (error_class === undefined) return { error_code: code, message }
  return { error_code: code, message, sqlstate: SQLSTATES[error_class] ?? THEIR_FAULT, error_class }
}
