/** The bytes of a JPEG or PNG, alone or under `picture`; there they may also be base64 or a data URL. */
export type Picture = Uint8Array | { readonly picture: Uint8Array | string }

export interface Prediction {
  /** P(second class) of a binary model, P(its label) of a multiclass one, the number of a regression. */
  readonly value: number
  /** The most likely class; null for a regression. */
  readonly label: string | null
  readonly probabilities: Readonly<Record<string, number>> | null
}

/**
 * Answers pictures as the server does that this version was exported from.
 *
 * @throws PictureRefused when the only one is no picture that is taken; RecordInvalid, which says which one, when there are
 *   several: none is answered then
 */
export function predict(pictures: readonly Picture[]): Promise<Prediction[]>

/** Loads the model; without it, the first `predict` does. @throws ModelDamaged */
export function load(): Promise<void>

export class PictureRefused extends Error {
  readonly code: 'ORRERY_PICTURES_KIND_REFUSED' | 'ORRERY_PICTURES_TOO_LARGE' | 'ORRERY_PICTURES_BROKEN'
  readonly status: 413 | 415 | 422
  /** What to do about it. */
  readonly hint: string
}

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
  /** How a picture becomes its input. */
  readonly image: {
    readonly input: string
    readonly width: number
    readonly height: number
    readonly channels: 1 | 3
    readonly layout: 'NHWC' | 'NCHW'
    readonly fit: 'fill' | 'cover' | 'contain'
    readonly mean: readonly number[]
    readonly std: readonly number[]
  }
}
