import { OrreryError } from '#platform/errors'

/** A record that does not fit the signature; nothing of its request was answered or logged. */
export class RecordInvalid extends OrreryError {
  constructor(problem: { record: number; field: string; message: string; hint: string }) {
    super({
      code: 'ORRERY_RUNTIME_RECORD_INVALID',
      status: 422,
      message: `Record ${problem.record}, field "${problem.field}": ${problem.message}.`,
      hint: problem.hint,
      details: { record: problem.record, field: problem.field },
    })
  }
}

/** Records for a model that takes something else. */
export class RecordsNotTaken extends OrreryError {
  constructor(model: string, takes: 'pictures' | 'tensors') {
    super({
      code: 'ORRERY_RUNTIME_RECORDS_NOT_TAKEN',
      status: 422,
      message: `${model} takes ${takes}, not records.`,
      hint:
        takes === 'pictures' ? 'Send a JPEG or PNG as the body.' : 'Send tensors: POST /v2/models/<endpoint>/infer.',
    })
  }
}

/** Tensors that are not what the model takes; nothing of the request was answered. */
export class TensorInvalid extends OrreryError {
  constructor(model: string, tensor: string, problem: string, hint: string) {
    super({
      code: 'ORRERY_RUNTIME_TENSOR_INVALID',
      status: 422,
      message: `The tensor "${tensor.slice(0, 100)}" does not fit ${model}: ${problem}.`,
      hint,
      details: { tensor: tensor.slice(0, 100) },
    })
  }
}

/** The file is no model that this server can serve, whatever is sent to it. */
export class ModelBroken extends OrreryError {
  constructor(model: string, reason: string, cause?: unknown) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_BROKEN',
      status: 422,
      message: `The package of ${model} cannot be served: ${reason}.`,
      hint: 'Package the version again from its run; a file that was copied by hand may be cut short.',
      cause,
    })
  }
}

/** A model that was fine at load failed on this request. */
export class ModelFailed extends OrreryError {
  constructor(model: string, reason: string, cause?: unknown) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_FAILED',
      status: 500,
      message: `${model} failed on this request: ${reason}.`,
      hint: 'Nothing was logged for it; send it again, and roll back if it persists.',
      cause,
    })
  }
}

/** A model in a process of its own took longer than its limit; the process was replaced. */
export class ModelTimedOut extends OrreryError {
  constructor(model: string, seconds: number) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_TIMED_OUT',
      status: 504,
      message: `${model} gave no answer within ${seconds} s; its process was ended and started again.`,
      hint: 'Send fewer rows at once, or raise `serving.deadline`; if it persists, roll back.',
    })
  }
}

/** A model's process ended while it was at this request; the request is not tried again, it may be what ended it. */
export class ModelCrashed extends OrreryError {
  constructor(model: string, how: string) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_CRASHED',
      status: 500,
      message: `The process of ${model} ended while it was at this request (${how.slice(0, 400)}); it was started again.`,
      hint: 'If it persists with this request alone, its values are what the model cannot take; otherwise roll back.',
    })
  }
}

/** More requests wait for a model than it answers in its time. */
export class ModelBusy extends OrreryError {
  constructor(model: string, waiting: number) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_BUSY',
      status: 503,
      message: `${waiting} runs wait for ${model} already.`,
      hint: 'Send it again a little later; if it persists, the model needs more or faster machines.',
      retryAfterSeconds: 1,
    })
  }
}

/** A model's process ended again and again: it is left alone for a while. */
export class ModelResting extends OrreryError {
  constructor(model: string, reason: string, seconds: number) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_RESTING',
      status: 503,
      message: `${model} is not tried for ${seconds} s: ${reason}.`,
      hint: 'Roll back to a version that works; `orrery status` tells when this one is tried again.',
      retryAfterSeconds: seconds,
    })
  }
}

/** A model that had left memory could not be loaded again. */
export class ModelNotLoaded extends OrreryError {
  constructor(model: string, reason: string, cause: unknown) {
    super({
      code: 'ORRERY_RUNTIME_MODEL_NOT_LOADED',
      status: 503,
      message: `${model} had left memory and could not be loaded again: ${reason}`,
      hint: 'It is tried again at the next request; give models more memory with `ORRERY_MODELMEMORY` if this persists.',
      retryAfterSeconds: 1,
      cause,
    })
  }
}

/** The first line of what a library threw: the rest is its stack. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]!.slice(0, 300)
}
