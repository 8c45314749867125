import type { Direction, Metrics, Task } from './contract.ts'
import { metricsByWeights } from './definitions.ts'
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
  const all = metricsByWeights(task, truth, scores, options.threshold)(options.weights)
  const values = Object.entries(all).map(([name, compute]) => [name, compute()] as const)
  return Object.fromEntries(values.filter(([, value]) => Number.isFinite(value)))
}
