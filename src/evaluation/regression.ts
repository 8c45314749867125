import type { Values } from './scored.ts'

/** The sums every regression metric is made of, gathered in one pass. */
export interface ErrorSums {
  readonly weight: number
  readonly error: number
  readonly absolute: number
  readonly squared: number
  /** Sum of |error / truth| over rows with a truth other than 0, and the weight of those rows. */
  readonly relative: number
  readonly relativeWeight: number
  readonly absoluteTruth: number
  /** Sum of squared deviations of the truth from its mean. */
  readonly truthSpread: number
}

/** One pass over the rows (the truth's spread by Welford's update, which stays exact for large offsets). */
export function errorSums(truth: Values, scores: Values, weights?: Values): ErrorSums {
  let weight = 0
  let error = 0
  let absolute = 0
  let squared = 0
  let relative = 0
  let relativeWeight = 0
  let absoluteTruth = 0
  let truthMean = 0
  let truthSpread = 0
  for (let i = 0; i < truth.length; i++) {
    const w = weights ? weights[i]! : 1
    if (w === 0) continue
    const y = truth[i]!
    const e = scores[i]! - y
    weight += w
    error += w * e
    absolute += w * Math.abs(e)
    squared += w * e * e
    absoluteTruth += w * Math.abs(y)
    if (y !== 0) {
      relative += w * Math.abs(e / y)
      relativeWeight += w
    }
    const away = y - truthMean
    truthMean += (w / weight) * away
    truthSpread += w * away * (y - truthMean)
  }
  return { weight, error, absolute, squared, relative, relativeWeight, absoluteTruth, truthSpread }
}

/** Mean absolute error. */
export const maeOf = (s: ErrorSums): number => s.absolute / s.weight

/** Root of the mean squared error. */
export const rmseOf = (s: ErrorSums): number => Math.sqrt(s.squared / s.weight)

/** Coefficient of determination, 1 - SS_res / SS_tot; `NaN` when the truth is constant. */
export const r2Of = (s: ErrorSums): number => (s.truthSpread > 0 ? 1 - s.squared / s.truthSpread : Number.NaN)

/** Mean error, prediction minus truth: above 0 the model promises too much. */
export const biasOf = (s: ErrorSums): number => s.error / s.weight

/** Mean absolute percentage error as a share, over rows whose truth is not 0; `NaN` when there are none. */
export const mapeOf = (s: ErrorSums): number => s.relative / s.relativeWeight

/** Weighted absolute percentage error, sum |error| / sum |truth|: safe next to zero, where MAPE explodes. */
export const wapeOf = (s: ErrorSums): number => (s.absoluteTruth > 0 ? s.absolute / s.absoluteTruth : Number.NaN)
