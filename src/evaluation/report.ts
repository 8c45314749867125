import type { Frame } from '#platform/table'
import { calibrationTable } from './calibration.ts'
import { confusionMatrix } from './confusion.ts'
import type { ChampionComparison, EvaluationReport, RobustnessReport, Task } from './contract.ts'
import { type EstimateOptions, estimateMetrics } from './estimates.ts'
import { type FairnessOptions, fairnessOf } from './fairness.ts'
import { mean, rowLosses } from './losses.ts'
import { defaultMetric, directionOf, evaluate, improvement, METRICS } from './metrics.ts'
import { type PairedOptions, pairedDifferences } from './paired.ts'
import { type Predict, type RobustnessOptions, robustnessOf } from './robustness.ts'
import { classCount, type Values } from './scored.ts'
import { type SegmentOptions, segmentDifferences, segmentMetrics } from './segments.ts'

export interface ReportInput {
  readonly task: Task
  readonly truth: Values
  readonly scores: Values
  /** The metric the model is judged by; the task's default unless told. */
  readonly metric?: string
  readonly threshold?: number
  readonly weights?: Values
  readonly seed?: number
  /** The test table, one row per score. Needed for segments, fairness and robustness. */
  readonly frame?: Frame
  readonly segments?: readonly string[]
  readonly sensitive?: readonly string[]
  /** Given, the model's robustness is measured on the frame. */
  readonly predict?: Predict
  readonly segmentOptions?: Omit<SegmentOptions, 'metric'>
  readonly fairnessOptions?: FairnessOptions
  /** Measured already, where the frame is not what the model sees. */
  readonly robustness?: RobustnessReport
  readonly robustnessOptions?: Omit<RobustnessOptions, 'metric'>
}

/**
 * Everything there is to measure of a model on a held-out table, in one plain value that can be stored and shown.
 * Segments, fairness and robustness treat every row alike, whatever its weight.
 * @throws RangeError for rows that cannot be scored, or a column the frame lacks
 */
export async function buildReport(input: ReportInput): Promise<EvaluationReport> {
  const { task, truth, scores, frame } = input
  const metric = input.metric ?? defaultMetric(task)
  const direction = directionOf(task, metric)
  const options: EstimateOptions = withoutAbsent({
    threshold: input.threshold,
    weights: input.weights,
    seed: input.seed,
  })
  const shared = withoutAbsent({ threshold: input.threshold, seed: input.seed })
  const metrics = estimateMetrics(task, truth, scores, options)
  const baselineMetrics = evaluate(task, truth, constantScores(task, truth, scores, input.weights), options)
  const loss = mean(rowLosses(task, truth, scores), input.weights)
  const report: EvaluationReport = {
    task,
    metric,
    direction,
    n: truth.length,
    threshold: task === 'binary' ? (input.threshold ?? 0.5) : null,
    positiveRate: task === 'binary' && truth.length > 0 ? mean(truth, input.weights) : null,
    metrics,
    baselineMetrics,
    undefinedMetrics: Object.keys(METRICS[task]).filter((name) => !metrics[name]),
    meanLoss: Number.isFinite(loss) ? loss : null,
    segments:
      frame && input.segments?.length
        ? segmentMetrics(task, truth, scores, frame, input.segments, { ...shared, ...input.segmentOptions, metric })
        : null,
    fairness: frame
      ? fairnessOf(task, truth, scores, frame, input.sensitive ?? [], { ...shared, ...input.fairnessOptions })
      : [],
    robustness: input.robustness
      ? input.robustness
      : frame && input.predict
        ? await robustnessOf(task, truth, frame, input.predict, { ...shared, ...input.robustnessOptions, metric })
        : null,
    calibration: task === 'binary' ? calibrationTable(truth, scores, input.weights) : null,
    confusion: confusionMatrix(task, truth, scores, input.threshold),
    warnings: [],
  }
  return { ...report, warnings: warningsOf(report) }
}

function withoutAbsent<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

/** Scores of a model that has learnt nothing but how often each outcome occurs, or the target's mean. */
function constantScores(task: Task, truth: Values, scores: Values, weights?: Values): Float64Array {
  if (task !== 'multiclass') return new Float64Array(truth.length).fill(mean(truth, weights))
  const classes = classCount(truth, scores)
  const shares = Array.from({ length: classes }, (_, c) =>
    mean(
      truth.map((label) => (label === c ? 1 : 0)),
      weights,
    ),
  )
  return Float64Array.from({ length: scores.length }, (_, i) => shares[i % classes]!)
}

// Below this many rows of the rarer class the 95 % interval of a ROC-AUC is some ± 0.1 wide.
const FEW_POSITIVES = 30

function warningsOf(report: EvaluationReport): string[] {
  const warnings: string[] = []
  const { metric, metrics, n, positiveRate } = report
  const baseline = report.baselineMetrics[metric]
  const value = metrics[metric]?.value
  if (value === undefined) warnings.push(`${metric}, which the model is judged by, is undefined on these ${n} rows.`)
  else if (baseline !== undefined && improvement(report.direction, value, baseline) <= 0) {
    warnings.push(`By ${metric} the model is no better than always giving the same answer.`)
  }
  if (positiveRate !== null) {
    const rarer = Math.round(Math.min(positiveRate, 1 - positiveRate) * n)
    if (rarer < FEW_POSITIVES) warnings.push(`The rarer outcome has ${rarer} rows only: intervals are wide.`)
  }
  for (const column of report.fairness) {
    const left = column.groups.filter((group) => !group.compared).map((group) => group.group)
    if (left.length > 0) warnings.push(`Fairness by ${column.column} leaves out ${left.join(', ')}.`)
  }
  for (const check of report.robustness?.checks ?? []) {
    if (check.failure) warnings.push(`The model failed on ${check.perturbation.kind} inputs: ${check.failure}`)
  }
  return warnings
}

export interface ComparisonInput {
  readonly task: Task
  readonly truth: Values
  readonly candidate: Values
  readonly champion: Values
  readonly metric?: string
  readonly threshold?: number
  readonly weights?: Values
  readonly seed?: number
  readonly frame?: Frame
  readonly segments?: readonly string[]
  readonly segmentOptions?: Omit<SegmentOptions, 'metric'>
}

/**
 * The candidate against the champion on the same held-out rows: every metric with the standard error of the difference,
 * and the metric they are judged by within each segment.
 */
export function compareWithChampion(input: ComparisonInput): ChampionComparison {
  const { task, truth, candidate, champion, frame } = input
  const metric = input.metric ?? defaultMetric(task)
  directionOf(task, metric)
  const shared = withoutAbsent({ threshold: input.threshold, seed: input.seed })
  const options: PairedOptions = { ...shared, ...withoutAbsent({ weights: input.weights }) }
  const metrics = pairedDifferences(task, truth, candidate, champion, options)
  const paired = metrics[metric] ?? null
  return {
    n: truth.length,
    metric,
    improvement: paired,
    metrics,
    segments:
      frame && input.segments?.length
        ? segmentDifferences(task, truth, candidate, champion, frame, input.segments, {
            ...shared,
            ...input.segmentOptions,
            metric,
          })
        : [],
    explanation: explain(paired, metric, truth.length),
  }
}

const VERDICTS = { better: 'better', not_worse: 'not worse', worse: 'worse' }

function explain(paired: ChampionComparison['improvement'], metric: string, n: number): string {
  if (!paired) return `${metric} is undefined on these ${n} rows: there is nothing to compare.`
  const doubt = paired.standardError === null ? 'unknown' : paired.standardError.toFixed(4)
  const gain = `${paired.improvement >= 0 ? '+' : '−'}${Math.abs(paired.improvement).toFixed(4)}`
  return `The candidate is ${VERDICTS[paired.verdict]}: ${metric} ${paired.a.toFixed(4)} against ${paired.b.toFixed(4)} on ${n} rows, improvement ${gain} with a standard error of ${doubt}.`
}
