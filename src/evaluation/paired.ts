import { type BootstrapOptions, bootstrapDeviations } from './bootstrap.ts'
import type { Metrics, PairedDifference, Task } from './contract.ts'
import { type LazyMetrics, metricsByDraws } from './definitions.ts'
import { pairedAucDifference } from './delong.ts'
import { normalInterval, standardErrorOfMean } from './estimates.ts'
import { mean, rowLosses } from './losses.ts'
import { directionOf, type EvaluateOptions, evaluate, improvement } from './metrics.ts'
import { predictedClasses } from './multiclass.ts'
import { classCount, type Values } from './scored.ts'

export interface PairedOptions extends EvaluateOptions, BootstrapOptions {
  /** The metrics wanted; all of the task unless told. */
  readonly metrics?: readonly string[]
}

/**
 * Model `a` against model `b` on the same rows, per metric. That the rows are the same makes the standard error of the
 * difference far smaller than either model's own: by DeLong for ROC-AUC, from the rows' differences where the metric is
 * a mean (or, RMSE, smooth in one), else by a paired bootstrap. A metric that the rows do not define is absent.
 * @throws RangeError as `evaluate`
 */
export function pairedDifferences(
  task: Task,
  truth: Values,
  a: Values,
  b: Values,
  options: PairedOptions = {},
): Record<string, PairedDifference> {
  const ofA = evaluate(task, truth, a, options)
  const ofB = evaluate(task, truth, b, options)
  const wanted = options.metrics ?? Object.keys(ofA)
  const names = wanted.filter((name) => ofA[name] !== undefined && ofB[name] !== undefined)
  const errors = standardErrors(task, truth, a, b, names, options)
  return Object.fromEntries(
    names.map((name) => {
      const standardError = errors[name] ?? Number.NaN
      const gain = improvement(directionOf(task, name), ofA[name]!, ofB[name]!)
      const { lower95, upper95 } = normalInterval(gain, standardError)
      const paired: PairedDifference = {
        metric: name,
        a: ofA[name]!,
        b: ofB[name]!,
        improvement: gain,
        standardError: Number.isNaN(standardError) ? null : standardError,
        lower95,
        upper95,
        relative: ofB[name] === 0 ? null : gain / Math.abs(ofB[name]!),
        verdict: verdictOf(gain, standardError),
      }
      return [name, paired]
    }),
  )
}

/**
 * Whether `a` is not worse than `b` by more than `standardErrors` (1 unless told) of the difference. As a gate this lets
 * an equal candidate pass, where "strictly better" would keep an ageing champion on a coin's toss.
 */
export function isNotWorse(paired: PairedDifference, standardErrors = 1): boolean {
  return paired.improvement >= -standardErrors * (paired.standardError ?? 0)
}

function verdictOf(gain: number, standardError: number): PairedDifference['verdict'] {
  const doubt = Number.isNaN(standardError) ? 0 : standardError
  if (gain > doubt) return 'better'
  return gain >= -doubt ? 'not_worse' : 'worse'
}

function standardErrors(
  task: Task,
  truth: Values,
  a: Values,
  b: Values,
  names: readonly string[],
  options: PairedOptions,
): Metrics {
  const errors: Metrics = {}
  const open: string[] = []
  for (const name of names) {
    const rows = options.weights ? undefined : rowDifferences(task, name, truth, a, b, options.threshold ?? 0.5)
    if (rows) errors[name] = standardErrorOfMean(rows)
    else if (name === 'roc_auc' && !options.weights) errors[name] = pairedAucDifference(truth, a, b).standardError
    else open.push(name)
  }
  return open.length > 0 ? { ...errors, ...bootstrapErrors(task, truth, a, b, open, options) } : errors
}

/** One number per row whose mean is the difference (of RMSE and |bias|: to first order); absent for other metrics. */
function rowDifferences(
  task: Task,
  metric: string,
  truth: Values,
  a: Values,
  b: Values,
  threshold: number,
): Float64Array | undefined {
  const perRow = (of: (scores: Values) => Float64Array) => {
    const ofB = of(b)
    return of(a).map((value, i) => value - ofB[i]!)
  }
  const squares = (scores: Values) => rowLosses('regression', truth, scores, { regression: 'squared' })
  switch (metric) {
    case 'log_loss':
    case 'mae':
      return perRow((scores) => rowLosses(task, truth, scores))
    case 'brier':
      return perRow(squares)
    case 'accuracy':
      return perRow((scores) => rightRows(task, truth, scores, threshold))
    case 'rmse':
      return perRow((scores) => {
        const rows = squares(scores)
        const rmse = Math.sqrt(mean(rows))
        return rmse > 0 ? rows.map((square) => square / (2 * rmse)) : rows
      })
    case 'bias':
      return perRow((scores) => {
        const errors = scores.map((score, i) => score - truth[i]!)
        const sign = Math.sign(mean(errors))
        return errors.map((error) => sign * error)
      })
    default:
      return undefined
  }
}

function rightRows(task: Task, truth: Values, scores: Values, threshold: number): Float64Array {
  if (task === 'binary') return truth.map((y, i) => (scores[i]! >= threshold === (y === 1) ? 1 : 0))
  const predicted = predictedClasses(scores, classCount(truth, scores))
  return truth.map((y, i) => (predicted[i] === y ? 1 : 0))
}

function bootstrapErrors(
  task: Task,
  truth: Values,
  a: Values,
  b: Values,
  names: readonly string[],
  options: PairedOptions,
): Metrics {
  const prepare = (rows: Uint32Array) => {
    const ofA = metricsByDraws(task, truth, a, rows, options)
    const ofB = metricsByDraws(task, truth, b, rows, options)
    return (drawn: Values): LazyMetrics => {
      const first = ofA(drawn)
      const second = ofB(drawn)
      const gain = (name: string) => improvement(directionOf(task, name), first[name]!(), second[name]!())
      return Object.fromEntries(names.map((name) => [name, () => gain(name)]))
    }
  }
  const deviations = bootstrapDeviations(truth.length, names, prepare, options)
  return Object.fromEntries(names.map((name) => [name, standardDeviation(deviations[name]!)]))
}

function standardDeviation(values: Float64Array): number {
  return standardErrorOfMean(values) * Math.sqrt(values.length)
}
