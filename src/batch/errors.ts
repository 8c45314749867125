import { OrreryError } from '#platform/errors'

export class BatchUnknown extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_BATCH_UNKNOWN',
      status: 404,
      message: `There is no batch ${id}.`,
      hint: 'GET /api/batches lists them.',
    })
  }
}

export class BatchScorerUnknown extends OrreryError {
  constructor(score: string) {
    super({
      code: 'ORRERY_BATCH_SCORER_UNKNOWN',
      status: 422,
      message: `"${score}" is neither a version nor an endpoint that has one.`,
      hint: 'Write model@version, such as price-up@8, or the name of an endpoint that answers.',
    })
  }
}

/** A model that takes neither rows of columns nor pictures. */
export class BatchModelUnfit extends OrreryError {
  constructor(version: string) {
    super({
      code: 'ORRERY_BATCH_MODEL_UNFIT',
      status: 422,
      message: `${version} takes plain tensors, neither rows of columns nor pictures.`,
      hint: 'Only models of tables and of pictures are scored in batches.',
    })
  }
}

export class BatchInputInvalid extends OrreryError {
  constructor(reason: string, hint: string) {
    super({ code: 'ORRERY_BATCH_INPUT_INVALID', status: 422, message: `The input cannot be scored: ${reason}.`, hint })
  }
}

export class BatchColumnsMissing extends OrreryError {
  constructor(missing: readonly string[], has: readonly string[]) {
    super({
      code: 'ORRERY_BATCH_COLUMNS_MISSING',
      status: 422,
      message: `The input has no ${missing.length === 1 ? 'column' : 'columns'} ${missing.slice(0, 20).join(', ')}.`,
      hint: `It has ${has.slice(0, 20).join(', ')}${has.length > 20 ? ' …' : ''}.`,
      details: { missing },
    })
  }
}

/** The input is not what it was when the batch began. */
export class BatchInputChanged extends OrreryError {
  constructor(file: string) {
    super({
      code: 'ORRERY_BATCH_INPUT_CHANGED',
      status: 409,
      message: `${file} has changed since the batch began.`,
      hint: 'Start it again: rows of two inputs would stand in one output.',
    })
  }
}

export class BatchTargetInvalid extends OrreryError {
  constructor(reason: string, hint: string, cause?: unknown) {
    super({
      code: 'ORRERY_BATCH_TARGET_INVALID',
      status: 422,
      message: `The output cannot be written: ${reason}.`,
      hint,
      cause,
    })
  }
}

export class NothingSetAside extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_BATCH_NOTHING_SET_ASIDE',
      status: 404,
      message: `The batch ${id} has set no rows aside.`,
      hint: 'Every row fitted, or it is not over yet.',
    })
  }
}
