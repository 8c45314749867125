/** A linear model over imputed, standardised numbers and one-hot categories, as plain data. */
export interface LinearLearner {
  readonly kind: 'linear'
  /** Raw scores per row: classes of a multiclass model, otherwise 1. */
  readonly outputs: number
  readonly intercepts: readonly number[]
  readonly numeric: readonly LinearNumeric[]
  readonly categorical: readonly LinearCategorical[]
  /** Per feature of the model: Σ |coefficient| × standard deviation of its columns, over outputs. */
  readonly strengths: readonly number[]
}

/** z = clip((x - mean) × scale, ±CLIP), a missing x being `fill` first; score += coefficients · z. */
export interface LinearNumeric {
  readonly feature: number
  readonly fill: number
  readonly mean: number
  /** 1 / standard deviation, 0 for a constant. */
  readonly scale: number
  readonly coefficients: readonly number[]
  /** Added besides when x is missing; zeros when no training row lacked it. */
  readonly missing: readonly number[]
}

export interface LinearCategorical {
  readonly feature: number
  readonly levels: readonly string[]
  /** `levels.length` × outputs. A category that is not a level adds nothing. */
  readonly coefficients: readonly number[]
  /** Added when the value is missing: a level of its own if training had some, else those of the most frequent level. */
  readonly missing: readonly number[]
}

/** Standard deviations from the mean beyond which a number says no more: one absurd input must not decide an answer. */
export const CLIP = 10
