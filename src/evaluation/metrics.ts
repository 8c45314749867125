import type { Direction, Metrics, Task } from './contract.ts'
import { expectedCalibrationError } from './calibration.ts'
import { accuracyOf, confusion, f1Of, precisionOf, recallOf } from './decisions.ts'
import { mean, rowLosses } from './losses.ts'
import { macroF1, macroRocAuc, multiclassAccuracy } from './multiclass.ts'
import { averagePrecisionOfLevels, rocAucOfLevels, scoreLevels } from './ranking.ts'
import { biasOf, errorSums, mapeOf, maeOf, r2Of, rmseOf, wapeOf } from './regression.ts'
import { checkScored, type Values } from './scored.ts'

/** The metrics of each task and which way each improves. */
export const METRICS = {
  binary: {
    roc_auc: 'higher',
    pr_auc: 'higher',
    log_loss: 'lower',
    brier: 'lower',
    accuracy: 'higher',
    precision: 'higher',
    recall: 'higher',
    f1: 'higher',
    ece: 'lower',
  },
  multiclass: { log_loss: 'lower', accuracy: 'higher', macro_f1: 'higher', macro_roc_auc: 'higher' },
  regression: { mae: 'lower', rmse: 'lower', r2: 'higher', mape: 'lower', wape: 'lower', bias: 'zero' },
} as const satisfies Record<Task, Record<string, Direction>>

const DEFAULT_METRIC = { binary: 'roc_auc', multiclass: 'log_loss', regression: 'mae' } as const

/** The metric a task is judged by unless its project says otherwise. */
export function defaultMetric(task: Task): string {
  return DEFAULT_METRIC[task]
}

/**
 * Which way `metric` improves.
 * @throws RangeError for a metric the task does not have, naming those it has
 */
export function directionOf(task: Task, metric: string): Direction {
  const metrics: Record<string, Direction> = METRICS[task]
  const direction = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined
  if (!direction) throw new RangeError(`no ${task} metric "${metric}"; there are ${Object.keys(metrics).join(', ')}`)
  return direction
}

/** How much better `value` is than `than`: above 0 is an improvement, whichever way the metric points. */
export function improvement(direction: Direction, value: number, than: number): number {
  if (direction === 'higher') return value - than
  return direction === 'lower' ? than - value : Math.abs(than) - Math.abs(value)
}

export interface EvaluateOptions {
  /** A binary row is decided positive at or above this score; 0.5 unless told. */
  readonly threshold?: number
  /** One non-negative weight per row. */
  readonly weights?: Values
}

/**
 * Every metric of the task over these rows (layout: see `Values`). A metric that these rows do not define, such as the
 * ROC-AUC of a single class, is absent.
 * @throws RangeError when lengths disagree or a label or score is missing or out of range
 */
export function evaluate(task: Task, truth: Values, scores: Values, options: EvaluateOptions = {}): Metrics {
  checkScored(task, truth, scores, options.weights)
  const all = COMPUTE[task](truth, scores, options)
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Number.isFinite(value)))
}

const COMPUTE: Record<Task, (truth: Values, scores: Values, options: EvaluateOptions) => Metrics> = {
  binary(truth, scores, { threshold, weights }) {
    const levels = scoreLevels(truth, scores, weights)
    const decided = confusion(truth, scores, threshold, weights)
    return {
      roc_auc: rocAucOfLevels(levels),
      pr_auc: averagePrecisionOfLevels(levels),
      log_loss: mean(rowLosses('binary', truth, scores), weights),
      // Brier's score is the mean squared error of the probability.
      brier: mean(rowLosses('regression', truth, scores, { regression: 'squared' }), weights),
      accuracy: accuracyOf(decided),
      precision: precisionOf(decided),
      recall: recallOf(decided),
      f1: f1Of(decided),
      ece: expectedCalibrationError(truth, scores, weights),
    }
  },
  multiclass(truth, scores, { weights }) {
    return {
      log_loss: mean(rowLosses('multiclass', truth, scores), weights),
      accuracy: multiclassAccuracy(truth, scores, weights),
      macro_f1: macroF1(truth, scores, weights),
      macro_roc_auc: macroRocAuc(truth, scores, weights),
    }
  },
  regression(truth, scores, { weights }) {
    const sums = errorSums(truth, scores, weights)
    return {
      mae: maeOf(sums),
      rmse: rmseOf(sums),
      r2: r2Of(sums),
      mape: mapeOf(sums),
      wape: wapeOf(sums),
      bias: biasOf(sums),
    }
  },
}
