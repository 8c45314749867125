/**
 * What can go wrong in a fit or a prediction. Each error has a stable `code` and a `hint` that says what to do;
 * the rooms above render them without knowing the trainer.
 */
export class TrainerError extends Error {
  readonly code: string
  readonly hint: string

  constructor(code: string, message: string, hint: string) {
    super(message)
    this.name = new.target.name
    this.code = code
    this.hint = hint
  }
}

/** A classifier needs at least two classes among the rows it learns from. */
export class OneClass extends TrainerError {
  constructor(present: string | undefined) {
    super(
      'ORRERY_TRAINER_ONE_CLASS',
      present === undefined
        ? 'the target names fewer than two classes'
        : `every training row with a weight has the class "${present}"; there is nothing to tell apart`,
      'Train on rows of at least two classes: widen the time window, or check that the label column is the right one.',
    )
  }
}

export class EmptyTraining extends TrainerError {
  constructor(what: string) {
    super('ORRERY_TRAINER_EMPTY', what, 'Give at least one row with a positive weight and one feature column.')
  }
}

/** Target or weights do not fit the rows, or hold values no fit can use. */
export class BadTarget extends TrainerError {
  constructor(message: string, hint: string) {
    super('ORRERY_TRAINER_BAD_TARGET', message, hint)
  }
}

export class BadWeights extends TrainerError {
  constructor(message: string) {
    super('ORRERY_TRAINER_BAD_WEIGHTS', message, 'Weights are finite numbers >= 0, one per row, in units of rows.')
  }
}

export class BadRecipe extends TrainerError {
  constructor(field: string, value: unknown, wanted: string) {
    super(
      'ORRERY_TRAINER_BAD_RECIPE',
      `${field} is ${String(value)}; it must be ${wanted}`,
      `Set ${field} to ${wanted}.`,
    )
  }
}

/** A frame does not have the columns the model was fitted on, or has a name twice. */
export class FrameMismatch extends TrainerError {
  constructor(message: string, hint: string) {
    super('ORRERY_TRAINER_FRAME_MISMATCH', message, hint)
  }
}

/** Only models that answer the same question over the same features can be mixed. */
export class CannotBlend extends TrainerError {
  constructor(message: string) {
    super(
      'ORRERY_TRAINER_CANNOT_BLEND',
      message,
      'Blend models of the same task, classes and features, with weights >= 0 that are not all 0.',
    )
  }
}

export class CannotExport extends TrainerError {
  constructor(message: string, hint = 'Rename the column: "probabilities", "label" and "prediction" are taken.') {
    super('ORRERY_TRAINER_CANNOT_EXPORT', message, hint)
  }
}
