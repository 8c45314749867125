/** One object per answer, keyed by column name; null says that a value is not known. */
export type PredictionRecord = Readonly<Record<string, number | string | boolean | null>>

export interface Prediction {
  /** P(second class) of a binary model, P(its label) of a multiclass one, the number of a regression. */
  readonly value: number
  /** The most likely class; null for a regression. */
  readonly label: string | null
  readonly probabilities: Readonly<Record<string, number>> | null
}

/**
 * Answers records as the server does that this version was exported from.
 *
 * @throws RecordInvalid when one does not fit the signature: none is answered then
 */
export function predict(records: readonly PredictionRecord[]): Promise<Prediction[]>

/** Loads the model; without it, the first `predict` does. @throws ModelDamaged */
export function load(): Promise<void>

export class RecordInvalid extends Error {
  readonly code: 'ORRERY_RUNTIME_RECORD_INVALID'
  readonly status: 422
  /** What to do about it. */
  readonly hint: string
  readonly details: { readonly record: number; readonly field: string }
}

export class ModelDamaged extends Error {
  readonly code: 'MODEL_DAMAGED'
  readonly hint: string
}

/** What the model is, takes and gives. */
export const about: {
  readonly model: string
  readonly version: number
  /** Of model.onnx. */
  readonly sha256: string
  readonly task: 'binary' | 'multiclass' | 'regression'
  readonly label: string
  readonly classes: readonly string[]
  readonly features: readonly {
    readonly name: string
    readonly kind: 'numeric' | 'categorical'
    readonly categories?: readonly string[]
    readonly required?: boolean
  }[]
}
