import { z } from 'zod'

/** The evaluation's client-safe door: shapes that reports, baselines and drift figures have on the wire. */

export const Task = z.enum(['binary', 'multiclass', 'regression'])
export type Task = z.infer<typeof Task>

/** Which way a metric improves; `zero` for signed errors such as bias. */
export const Direction = z.enum(['higher', 'lower', 'zero'])
export type Direction = z.infer<typeof Direction>

/** A figure with its 95 % confidence interval; the ends are `null` where the rows cannot tell (one row, say). */
export const Estimate = z.object({
  value: z.number(),
  lower95: z.number().nullable(),
  upper95: z.number().nullable(),
})
export type Estimate = z.infer<typeof Estimate>

/** Metrics by name. A metric that is undefined for the rows (ROC-AUC of one class) is absent. */
export const Metrics = z.record(z.string(), z.number())
export type Metrics = z.infer<typeof Metrics>

/** Estimates by metric name. */
export const Estimates = z.record(z.string(), Estimate)
export type Estimates = z.infer<typeof Estimates>

/**
 * One metric of two models on the same rows. `improvement` says how much better a is than b, whichever way the metric points
 * (above 0 is better; of a signed metric such as bias, the magnitudes are compared), with its standard error and 95 %
 * interval, `null` where the rows cannot tell. The verdict is drawn at one standard error.
 */
export const PairedDifference = z.object({
  metric: z.string(),
  a: z.number(),
  b: z.number(),
  improvement: z.number(),
  standardError: z.number().nullable(),
  lower95: z.number().nullable(),
  upper95: z.number().nullable(),
  relative: z.number().nullable().describe('The improvement over the magnitude of b; null when b is 0.'),
  verdict: z.enum(['better', 'not_worse', 'worse']),
})
export type PairedDifference = z.infer<typeof PairedDifference>

/** Rows whose score lies in [from, to): what the model promised and what came true. */
export const ReliabilityBin = z.object({
  from: z.number(),
  to: z.number(),
  weight: z.number(),
  meanScore: z.number(),
  positiveRate: z.number(),
})
export type ReliabilityBin = z.infer<typeof ReliabilityBin>

/** Rows that share a category, or a range, of one column. */
export const Segment = z.object({
  column: z.string(),
  /** The category, the range ("≤ 12.5", "> 3"), "other" or "missing". */
  segment: z.string(),
  n: z.number().int(),
  share: z.number().describe('Part of all rows.'),
  meanTruth: z.number().nullable().describe('Share of positives, or mean of the target; null for multiclass.'),
  meanScore: z.number().nullable(),
  metrics: Metrics,
  estimate: Estimate.nullable().describe(
    "The report's metric here; null when the segment is too small or lacks a class.",
  ),
})
export type Segment = z.infer<typeof Segment>

export const SegmentReport = z.object({
  metric: z.string(),
  minimumRows: z.number().int(),
  segments: z.array(Segment),
  worst: Segment.nullable().describe('The segment that would be worst even at the good end of its interval.'),
})
export type SegmentReport = z.infer<typeof SegmentReport>

/** How one group of a sensitive column is treated. Rates without rows to measure them on are null. */
export const FairnessGroup = z.object({
  group: z.string(),
  n: z.number().int(),
  compared: z.boolean().describe('False for a group below the minimum size, which is shown but not compared.'),
  selectionRate: Estimate.nullable().describe('Share of rows given the favourable decision.'),
  baseRate: z.number().nullable().describe('Share of rows whose true outcome is the favourable one.'),
  truePositiveRate: Estimate.nullable(),
  falsePositiveRate: Estimate.nullable(),
  ratio: Estimate.nullable().describe("Selection rate over the reference group's."),
  accuracy: Estimate.nullable().describe('Multiclass only.'),
  meanError: Estimate.nullable().describe('Regression only: prediction minus truth, in the unit of the target.'),
  meanAbsoluteError: Estimate.nullable().describe('Regression only.'),
})
export type FairnessGroup = z.infer<typeof FairnessGroup>

export const FairnessReport = z.object({
  column: z.string(),
  minimumRows: z.number().int(),
  groups: z.array(FairnessGroup),
  reference: z.string().nullable().describe('The compared group with the highest selection rate.'),
  disparateImpact: Estimate.extend({ group: z.string() })
    .nullable()
    .describe('The lowest ratio of selection rates, and whose it is.'),
  fourFifths: z
    .object({
      passed: z.boolean().describe('The lowest ratio is at least 0.8.'),
      conclusive: z.boolean().describe('Its 95 % interval does not contain 0.8.'),
    })
    .nullable(),
  differences: z
    .record(z.string(), z.number())
    .describe(
      'Largest gap between compared groups: demographic_parity, equal_opportunity, equalised_odds; accuracy; mean_error.',
    ),
})
export type FairnessReport = z.infer<typeof FairnessReport>

export const Perturbation = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('noise'), level: z.number() }).describe("Gaussian noise, in the column's spread."),
  z.object({ kind: z.literal('missing'), share: z.number() }).describe('Share of cells made missing.'),
])
export type Perturbation = z.infer<typeof Perturbation>

/** What one perturbation of the features did to the answers. */
export const RobustnessCheck = z.object({
  perturbation: Perturbation,
  flipped: z.number().nullable().describe('Share of rows decided otherwise; null for regression.'),
  meanShift: z.number().nullable().describe('Mean absolute change of the score.'),
  value: z.number().nullable().describe("The report's metric under the perturbation."),
  loss: z.number().nullable().describe('How much worse the metric is than without; negative is better.'),
  failure: z.string().nullable().describe('What the model said when it could not answer at all.'),
})
export type RobustnessCheck = z.infer<typeof RobustnessCheck>

export const RobustnessReport = z.object({
  metric: z.string(),
  rows: z.number().int(),
  unperturbed: z.number().nullable(),
  checks: z.array(RobustnessCheck),
  flipsUnderNoise: z.number().nullable().describe('The largest `flipped` of the noise checks.'),
  relativeChangeUnderNoise: z
    .number()
    .nullable()
    .describe('The largest |change of the metric| of the noise checks over the unperturbed metric.'),
})
export type RobustnessReport = z.infer<typeof RobustnessReport>

/** Everything measured of one model on one scored test table. */
export const EvaluationReport = z.object({
  task: Task,
  metric: z.string().describe('The one the model is judged by.'),
  direction: Direction,
  n: z.number().int(),
  threshold: z.number().nullable().describe('Binary only: scores from here on are decided positive.'),
  positiveRate: z.number().nullable().describe('Binary only.'),
  metrics: Estimates,
  baselineMetrics: Metrics.describe('What a model that always gives the same answer reaches.'),
  undefinedMetrics: z.array(z.string()).describe('Metrics of the task that these rows do not define.'),
  meanLoss: z.number().nullable().describe("Mean of the task's row loss: what later losses are held to."),
  segments: SegmentReport.nullable(),
  fairness: z.array(FairnessReport),
  robustness: RobustnessReport.nullable(),
  calibration: z.array(ReliabilityBin).nullable().describe('Binary only.'),
  warnings: z.array(z.string()).describe('What a reader must know before trusting the figures.'),
})
export type EvaluationReport = z.infer<typeof EvaluationReport>

/** A candidate against the champion on the same rows. `a` is the candidate, `b` the champion. */
export const ChampionComparison = z.object({
  n: z.number().int(),
  metric: z.string(),
  improvement: PairedDifference.nullable().describe('By the metric; null when the rows do not define it.'),
  metrics: z.record(z.string(), PairedDifference),
  segments: z.array(
    z.object({ column: z.string(), segment: z.string(), n: z.number().int(), improvement: PairedDifference }),
  ),
  explanation: z.string(),
})
export type ChampionComparison = z.infer<typeof ChampionComparison>

const Histogram = { n: z.number().int(), counts: z.array(z.number().int()) }

/**
 * One numeric column's distribution. `counts[i]` holds values in (edges[i-1], edges[i]], the first and last bins are
 * open-ended, and one more count at the end is for missing values. Moments are of the values present.
 */
export const NumericHistogram = z.object({
  name: z.string(),
  kind: z.literal('numeric'),
  ...Histogram,
  edges: z.array(z.number()),
  mean: z.number().nullable(),
  std: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
})
export type NumericHistogram = z.infer<typeof NumericHistogram>

/**
 * One categorical column's distribution: `counts` follows `categories`, then the rest ("other"), then missing.
 * `others` counts the categories inside "other" by name, as many as were kept; `othersComplete` says if that is all.
 */
export const CategoricalHistogram = z.object({
  name: z.string(),
  kind: z.literal('categorical'),
  ...Histogram,
  categories: z.array(z.string()),
  others: z.record(z.string(), z.number().int()),
  othersComplete: z.boolean(),
})
export type CategoricalHistogram = z.infer<typeof CategoricalHistogram>

export const FeatureHistogram = z.discriminatedUnion('kind', [NumericHistogram, CategoricalHistogram])
export type FeatureHistogram = z.infer<typeof FeatureHistogram>

/** Distributions of many columns over the same rows: a baseline when of training data, a window when of traffic. */
export const Distribution = z.object({ rows: z.number().int(), features: z.array(FeatureHistogram) })
export type Distribution = z.infer<typeof Distribution>
