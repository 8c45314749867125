import { OrreryError } from '#platform/errors'

export class RequestInvalid extends OrreryError {
  constructor(problems: { path: string; message: string }[]) {
    super({
      code: 'ORRERY_REQUEST_INVALID',
      status: 400,
      message: `The request is not of the expected form: ${problems.map((p) => `${p.path}: ${p.message}`).join('; ')}.`,
      hint: 'Compare it with this route in /openapi.json.',
      details: { problems },
    })
  }
}

export class BodyNotAccepted extends OrreryError {
  constructor(status: number, reason: string) {
    super({
      code: 'ORRERY_REQUEST_NOT_ACCEPTED',
      status,
      message: reason,
      hint: 'Send well-formed JSON with content-type application/json, no larger than the limit.',
    })
  }
}

export class RouteUnknown extends OrreryError {
  constructor(method: string, url: string) {
    super({
      code: 'ORRERY_ROUTE_UNKNOWN',
      status: 404,
      message: `There is no ${method} ${url.slice(0, 200)}.`,
      hint: 'See /openapi.json for every route.',
    })
  }
}

export class RangeNotSatisfiable extends OrreryError {
  constructor(range: string, size: number) {
    super({
      code: 'ORRERY_RANGE_NOT_SATISFIABLE',
      status: 416,
      message: `The file has no bytes ${range.slice(0, 60)}: it has ${size} of them.`,
      hint: 'Ask for a range inside of it, or without a range for all of it.',
    })
  }
}
