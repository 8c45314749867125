import { expectedCalibrationError } from './calibration.ts'
import type { Task } from './contract.ts'
import { accuracyOf, confusion, f1Of, precisionOf, recallOf } from './decisions.ts'
import { takeScored, takeValues } from './groups.ts'
import { mean, rowLosses } from './losses.ts'
import { macroF1, meanOfDefined, multiclassAccuracy, oneVersusRest } from './multiclass.ts'
import { ascendingOrder, averagePrecisionOfLevels, levelsInOrder, rocAucOfLevels, scoreLevels } from './ranking.ts'
import { biasOf, errorSums, maeOf, mapeOf, r2Of, rmseOf, wapeOf } from './regression.ts'
import type { Values } from './scored.ts'

/** Metrics by name, each computed when asked for; `NaN` where the rows do not define one. */
export type LazyMetrics = Record<string, () => number>

/**
 * Every metric of the task as a function of the rows' weights alone (all 1 when absent). A bootstrap calls it hundreds
 * of times, so what does not depend on weights, such as the order of the scores, is worked out once, on first need.
 */
export function metricsByWeights(
  task: Task,
  truth: Values,
  scores: Values,
  threshold = 0.5,
): (weights?: Values) => LazyMetrics {
  return DEFINITIONS[task](truth, scores, threshold)
}

/** The same over some of the rows, as a function of how often each of those was drawn; `weights` are all rows' own. */
export function metricsByDraws(
  task: Task,
  truth: Values,
  scores: Values,
  rows: Uint32Array,
  options: { threshold?: number; weights?: Values } = {},
): (drawn: Values) => LazyMetrics {
  const part = takeScored(truth, scores, rows)
  const metrics = metricsByWeights(task, part.truth, part.scores, options.threshold)
  const own = options.weights && takeValues(options.weights, rows)
  return (drawn) => metrics(own ? drawn.map((times, i) => times * own[i]!) : drawn)
}

const DEFINITIONS: Record<
  Task,
  (truth: Values, scores: Values, threshold: number) => (weights?: Values) => LazyMetrics
> = {
  binary(truth, scores, threshold) {
    const order = once(() => ascendingOrder(scores))
    const losses = once(() => rowLosses('binary', truth, scores))
    // Brier's score is the mean squared error of the probability.
    const squares = once(() => rowLosses('regression', truth, scores, { regression: 'squared' }))
    return (weights) => {
      const levels = once(() => (weights ? levelsInOrder(order(), truth, scores, weights) : scoreLevels(truth, scores)))
      const decided = once(() => confusion(truth, scores, threshold, weights))
      return {
        roc_auc: () => rocAucOfLevels(levels()),
        pr_auc: () => averagePrecisionOfLevels(levels()),
        log_loss: () => mean(losses(), weights),
        brier: () => mean(squares(), weights),
        accuracy: () => accuracyOf(decided()),
        precision: () => precisionOf(decided()),
        recall: () => recallOf(decided()),
        f1: () => f1Of(decided()),
        ece: () => expectedCalibrationError(truth, scores, weights),
      }
    }
  },
  multiclass(truth, scores) {
    const losses = once(() => rowLosses('multiclass', truth, scores))
    const ones = once(() => oneVersusRest(truth, scores).map((one) => ({ ...one, order: ascendingOrder(one.scores) })))
    return (weights) => {
      const levels = (one: { truth: Values; scores: Values; order: Uint32Array }) =>
        weights ? levelsInOrder(one.order, one.truth, one.scores, weights) : scoreLevels(one.truth, one.scores)
      return {
        log_loss: () => mean(losses(), weights),
        accuracy: () => multiclassAccuracy(truth, scores, weights),
        macro_f1: () => macroF1(truth, scores, weights),
        macro_roc_auc: () => meanOfDefined(ones().map((one) => rocAucOfLevels(levels(one)))),
      }
    }
  },
  regression(truth, scores) {
    return (weights) => {
      const sums = once(() => errorSums(truth, scores, weights))
      return {
        mae: () => maeOf(sums()),
        rmse: () => rmseOf(sums()),
        r2: () => r2Of(sums()),
        mape: () => mapeOf(sums()),
        wape: () => wapeOf(sums()),
        bias: () => biasOf(sums()),
      }
    }
  },
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
