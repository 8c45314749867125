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
  z.object({ kind: z.literal('picture'), change: z.string() }).describe('What was done to pictures, in words.'),
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
  flipsUnderNoise: z
    .number()
    .nullable()
    .describe('The largest `flipped` of the noise checks; of pictures also under blur and crop.'),
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
  confusion: z
    .array(z.array(z.number().int()))
    .nullable()
    .optional()
    .describe('Rows by true class, of these by the class answered; null for a regression, absent in older reports.'),
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
 * open-ended, and one more count at the end is for missing values, an infinite one
 * being none either. Moments are of the values present.
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
  below: z.number().int().describe('Values below the least of the baseline; 0 in a baseline.'),
  above: z.number().int().describe('Values above the greatest of the baseline; 0 in a baseline.'),
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

/**
 * In what way a column is not what it was. `from` and `to` are means (came_alive, went_constant), means or, where
 * those are swayed by few values, medians (moved_*), standard deviations (wider, narrower) or shares of rows (the rest).
 */
export const Change = z.object({
  kind: z.enum([
    'gone',
    'came_alive',
    'went_constant',
    'more_missing',
    'fewer_missing',
    'new_category',
    'lost_category',
    'more_of_category',
    'less_of_category',
    'moved_up',
    'moved_down',
    'wider',
    'narrower',
    'outside',
    'reshaped',
  ]),
  from: z.number().nullable(),
  to: z.number().nullable(),
  text: z.string().describe('In words, without the name of the column: "mean 0.42 → 0.61".'),
})
export type Change = z.infer<typeof Change>

/** How one column differs from the baseline, and whether by more than chance. */
export const FeatureDrift = z.object({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical']),
  psi: z.number().describe('Population stability index; 0.1 is moderate, 0.25 large by the usual rule.'),
  noise: z
    .object({ expected: z.number(), limit: z.number() })
    .describe('The PSI without any drift: its mean, and what chance passes in one comparison in a hundred.'),
  jensenShannon: z.number(),
  kolmogorovSmirnov: z.number().nullable().describe('Numeric only, over the values present.'),
  pValue: z.number().describe('Chi-square test of the bins.'),
  severity: z.enum(['none', 'moderate', 'large']),
  changes: z.array(Change).describe('Most telling first.'),
  description: z.string().describe('The changes in words.'),
})
export type FeatureDrift = z.infer<typeof FeatureDrift>

export const DriftReport = z.object({
  referenceRows: z.number().int(),
  currentRows: z.number().int(),
  features: z.array(FeatureDrift).describe('Most drifted first.'),
})
export type DriftReport = z.infer<typeof DriftReport>

/** Held-out losses by bin of each feature: what `costOfDrift` weighs anew. Bins are those of the baseline. */
export const LossProfile = z.object({
  rows: z.number().int(),
  meanLoss: z.number(),
  features: z.array(
    z.object({
      name: z.string(),
      counts: z.array(z.number().int()),
      meanLoss: z.array(z.number().nullable()).describe('Null for a bin without held-out rows.'),
      variance: z.array(z.number()),
    }),
  ),
})
export type LossProfile = z.infer<typeof LossProfile>

/** What one feature's drift is estimated to cost. */
export const FeatureCost = z.object({
  name: z.string(),
  cost: z.number().describe('Estimated rise of the mean loss per row; below 0 the world has become easier.'),
  standardError: z.number(),
  relative: z.number().nullable().describe('The cost over the baseline loss.'),
  unseen: z.number().describe('Share of current rows in bins without held-out rows, which are taken at the mean loss.'),
})
export type FeatureCost = z.infer<typeof FeatureCost>

/** A monotone map from scores to probabilities: straight lines between the points, level outside. */
export const Calibration = z.object({ scores: z.array(z.number()), probabilities: z.array(z.number()) })
export type Calibration = z.infer<typeof Calibration>

/** Why one row got its score. */
export const Explanation = z.object({
  prediction: z.number(),
  base: z.number().describe('Mean prediction of the background rows.'),
  contributions: z
    .array(
      z.object({
        feature: z.string(),
        value: z.union([z.number(), z.string()]).nullable().describe("The row's value; null when missing."),
        contribution: z.number(),
      }),
    )
    .describe('Largest first, by magnitude. With `remainder` they add up to prediction - base.'),
  remainder: z.number().describe('What no single feature and no pair explains.'),
})
export type Explanation = z.infer<typeof Explanation>

/** One value that would have turned a decision, everything else being as it was. */
export const Flip = z.object({
  feature: z.string(),
  value: z.union([z.number(), z.string()]).nullable().describe("The row's own."),
  flipsAt: z.union([z.number(), z.string()]),
  side: z.enum(['below', 'above']).nullable().describe('Numeric only: from `flipsAt` on, in which direction.'),
  distance: z.number().nullable().describe('Numeric only: how far, in the spread of the background (10 to 90 %).'),
})
export type Flip = z.infer<typeof Flip>
