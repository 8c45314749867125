import { type BootstrapOptions, bootstrapDeviations, quantileOfSorted } from './bootstrap.ts'
import type { Estimate, Estimates, Task } from './contract.ts'
import { confusion } from './decisions.ts'
import { metricsByDraws } from './definitions.ts'
import { aucInterval } from './delong.ts'
import { Z95 } from './distributions.ts'
import { mean, rowLosses } from './losses.ts'
import { type EvaluateOptions, evaluate } from './metrics.ts'
import { predictedClasses } from './multiclass.ts'
import { wilson } from './proportion.ts'
import { classCount, type Values } from './scored.ts'

export interface EstimateOptions extends EvaluateOptions, BootstrapOptions {
  /** The metrics wanted; all of the task unless told. */
  readonly metrics?: readonly string[]
}

/**
 * The task's metrics with 95 % intervals: ROC-AUC by DeLong, proportions by Wilson, means of row losses by their standard
 * error, RMSE by the delta method, and everything else, and everything when rows are weighted, by a seeded bootstrap.
 * All treat rows as independent; rows that repeat each other (one customer's months) make the true interval wider.
 * @throws RangeError as `evaluate`
 */
export function estimateMetrics(task: Task, truth: Values, scores: Values, options: EstimateOptions = {}): Estimates {
  const values = evaluate(task, truth, scores, options)
  const wanted = options.metrics ?? Object.keys(values)
  const names = wanted.filter((name) => values[name] !== undefined)
  const closed = options.weights ? {} : CLOSED_FORM[task](truth, scores, options.threshold ?? 0.5)
  const open = names.filter((name) => !closed[name])
  const deviations =
    open.length > 0
      ? bootstrapDeviations(truth.length, open, (rows) => metricsByDraws(task, truth, scores, rows, options), options)
      : {}
  return Object.fromEntries(
    names.map((name) => {
      const { value, lower95, upper95 } = closed[name]?.() ?? around(values[name]!, deviations[name]!)
      return [name, within(name, { value, lower95, upper95 })]
    }),
  )
}

type ClosedForm = Record<string, () => Estimate>

const CLOSED_FORM: Record<Task, (truth: Values, scores: Values, threshold: number) => ClosedForm> = {
  binary(truth, scores, threshold) {
    const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusion(truth, scores, threshold)
    const selected = truePositives + falsePositives
    return {
      roc_auc: () => aucInterval(truth, scores),
      log_loss: () => meanInterval(rowLosses('binary', truth, scores)),
      brier: () => meanInterval(rowLosses('regression', truth, scores, { regression: 'squared' })),
      accuracy: () => wilson(truePositives + trueNegatives, truth.length),
      // Precision is 0 by convention when nothing is selected; no row speaks for an interval then.
      precision: () => (selected > 0 ? wilson(truePositives, selected) : { value: 0, lower95: null, upper95: null }),
      recall: () => wilson(truePositives, truePositives + falseNegatives),
    }
  },
  multiclass(truth, scores) {
    const right = () => predictedClasses(scores, classCount(truth, scores)).filter((c, i) => c === truth[i]).length
    return {
      log_loss: () => meanInterval(rowLosses('multiclass', truth, scores)),
      accuracy: () => wilson(right(), truth.length),
    }
  },
  regression(truth, scores) {
    return {
      mae: () => meanInterval(rowLosses('regression', truth, scores)),
      bias: () => meanInterval(scores.map((score, i) => score - truth[i]!)),
      rmse: () => rmseInterval(rowLosses('regression', truth, scores, { regression: 'squared' })),
    }
  },
}

/** Standard error of the mean of `values`; `NaN` for fewer than two. */
export function standardErrorOfMean(values: Values): number {
  const centre = mean(values)
  let spread = 0
  for (const value of values) spread += (value - centre) ** 2
  return values.length > 1 ? Math.sqrt(spread / (values.length - 1) / values.length) : Number.NaN
}

/** A mean with its normal 95 % interval. */
export function meanInterval(values: Values): Estimate {
  return normalInterval(mean(values), standardErrorOfMean(values))
}

/** `value` ± 1.96 standard errors; no ends when the standard error is unknown. */
export function normalInterval(value: number, standardError: number): Estimate {
  if (Number.isNaN(standardError)) return { value, lower95: null, upper95: null }
  return { value, lower95: value - Z95 * standardError, upper95: value + Z95 * standardError }
}

/** The root of a mean, whose standard error is that of the mean over twice the root. */
function rmseInterval(squares: Values): Estimate {
  const rmse = Math.sqrt(mean(squares))
  return normalInterval(rmse, rmse > 0 ? standardErrorOfMean(squares) / (2 * rmse) : 0)
}

/**
 * The 2.5 and 97.5 percentiles of the deviations put round the estimate. Plain percentiles of the resamples would lie
 * beside it for metrics that a resample makes larger than the rows did (ECE is one).
 */
function around(value: number, deviations: Float64Array): Estimate {
  if (deviations.length === 0) return { value, lower95: null, upper95: null }
  return {
    value,
    lower95: value + quantileOfSorted(deviations, 0.025),
    upper95: value + quantileOfSorted(deviations, 0.975),
  }
}

const UNBOUNDED_ABOVE = new Set(['log_loss', 'mae', 'rmse', 'mape', 'wape', 'bias'])
const UNBOUNDED_BELOW = new Set(['r2', 'bias'])

/** Cuts an interval to the values its metric can take. */
function within(metric: string, estimate: Estimate): Estimate {
  const lowest = UNBOUNDED_BELOW.has(metric) ? Number.NEGATIVE_INFINITY : 0
  const highest = UNBOUNDED_ABOVE.has(metric) ? Number.POSITIVE_INFINITY : 1
  return {
    value: estimate.value,
    lower95: estimate.lower95 === null ? null : Math.max(lowest, estimate.lower95),
    upper95: estimate.upper95 === null ? null : Math.min(highest, estimate.upper95),
  }
}
