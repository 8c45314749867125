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

/** The first line of what a library threw: the rest is its stack. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]!.slice(0, 300)
}
