import { OrreryError } from '#platform/errors'

export class EndpointUnknown extends OrreryError {
  constructor(endpoint: string, known: readonly string[]) {
    super({
      code: 'ORRERY_SERVING_ENDPOINT_UNKNOWN',
      status: 404,
      message: `There is no endpoint "${endpoint}".`,
      hint:
        known.length === 0
          ? 'Nothing is deployed yet: `orrery apply` declares endpoints, `orrery run` gives them a first version.'
          : `Endpoints here: ${known.slice(0, 10).join(', ')}${known.length > 10 ? ` and ${known.length - 10} more` : ''}.`,
    })
  }
}

/** The endpoint exists and cannot answer: no version yet, or its models are loading or broken. */
export class EndpointNotReady extends OrreryError {
  constructor(endpoint: string, reason: string, cause?: unknown) {
    super({
      code: 'ORRERY_SERVING_ENDPOINT_NOT_READY',
      status: 503,
      message: `The endpoint "${endpoint}" cannot answer: ${reason}.`,
      hint: 'Try again in a moment; `orrery status` shows what it is waiting for.',
      cause,
    })
  }
}

/** Nothing was deployed so far: the endpoint waits, and nothing is wrong with it. */
export class NoVersionYet extends EndpointNotReady {
  constructor(endpoint: string) {
    super(endpoint, 'no version is deployed to it yet')
  }
}

/** More comes than is answered. */
export class EndpointBusy extends OrreryError {
  constructor(endpoint: string, waiting: number) {
    super({
      code: 'ORRERY_SERVING_ENDPOINT_BUSY',
      status: 503,
      message: `${waiting} records wait for the endpoint "${endpoint}" already.`,
      hint: 'Send it again a little later; if it persists, the endpoint needs more or faster machines.',
      retryAfterSeconds: 1,
    })
  }
}

export class PredictionIdsInvalid extends OrreryError {
  constructor(message: string) {
    super({
      code: 'ORRERY_SERVING_PREDICTION_IDS_INVALID',
      status: 422,
      message,
      hint: 'Send one id of 1 to 200 characters per record, or leave `ids` out and take ours.',
    })
  }
}

export class PredictionIdTaken extends OrreryError {
  constructor(id: string, endpoint: string) {
    super({
      code: 'ORRERY_SERVING_PREDICTION_ID_TAKEN',
      status: 409,
      message: `The id "${id}" names a prediction of the endpoint "${endpoint}".`,
      hint: 'Prediction ids are unique on a server: put the name of the caller or of the endpoint into yours.',
    })
  }
}

export class PredictionUnknown extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_SERVING_PREDICTION_UNKNOWN',
      status: 404,
      message: `No logged prediction has the id "${id}".`,
      hint: 'Check the id; predictions older than the retention of their endpoint are deleted.',
    })
  }
}

export class LabelTimeInvalid extends OrreryError {
  constructor(id: string, time: string) {
    super({
      code: 'ORRERY_SERVING_LABEL_TIME_INVALID',
      status: 422,
      message: `The time of the label for "${id}" is "${time.slice(0, 100)}", which is no time.`,
      hint: 'Write it as 2025-03-01T09:30:00Z, or leave it out.',
    })
  }
}

export class FeedbackTimeInvalid extends OrreryError {
  constructor(time: string) {
    super({
      code: 'ORRERY_SERVING_FEEDBACK_TIME_INVALID',
      status: 422,
      message: `The time of the feedback is "${time.slice(0, 100)}", which is no time.`,
      hint: 'Write it as 2025-03-01T09:30:00Z, or leave it out.',
    })
  }
}

export class NotOfPictures extends OrreryError {
  constructor(endpoint: string) {
    super({
      code: 'ORRERY_SERVING_NOT_OF_PICTURES',
      status: 415,
      message: `The endpoint "${endpoint}" answers no pictures.`,
      hint: 'Send records as JSON; its columns are on its page and in its signature.',
    })
  }
}

export class PictureNotKept extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_SERVING_PICTURE_NOT_KEPT',
      status: 404,
      message: `The picture of the prediction "${id}" was not kept.`,
      hint: 'Ask for an explanation with the prediction (`?explain=occlusion`), or keep a share of the pictures: `log: { pictures: 5% }`.',
    })
  }
}

export class FormWithoutPicture extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_SERVING_FORM_WITHOUT_PICTURE',
      status: 400,
      message: `The form cannot be read: ${reason}.`,
      hint: 'Send each picture as a file of the form, `-F picture=@frame.jpg`; other fields become columns.',
    })
  }
}

export class TooManyRequests extends OrreryError {
  constructor(endpoint: string, perSecond: number) {
    super({
      code: 'ORRERY_SERVING_TOO_MANY_REQUESTS',
      status: 429,
      message: `"${endpoint}" answers ${perSecond} requests a second, and is asked more.`,
      hint: 'Ask again in a second, or raise `limits.requests_per_second` of its environment in orrery.yaml.',
    })
  }
}

export class LogQueryRefused extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_SERVING_LOG_QUERY_REFUSED',
      status: 422,
      message: `The question cannot be asked: ${reason.replace(/\.$/, '')}.`,
      hint: 'Write one SELECT of DuckDB over the table predictions, such as SELECT version, count(*) FROM predictions GROUP BY 1.',
    })
  }
}

export class TimeInvalid extends OrreryError {
  constructor(time: string) {
    super({
      code: 'ORRERY_SERVING_TIME_INVALID',
      status: 422,
      message: `"${time.slice(0, 100)}" is no time.`,
      hint: 'Write it as 2025-03-01T09:30:00Z.',
    })
  }
}

export class TooManyToExplain extends OrreryError {
  constructor(records: number, most: number) {
    super({
      code: 'ORRERY_SERVING_TOO_MANY_TO_EXPLAIN',
      status: 422,
      message: `An explanation of ${records} records was asked for; ${most} are explained at once.`,
      hint: 'Ask for fewer, or look at the trace of the predictions that matter.',
    })
  }
}
