/** The evaluation's client-safe door: shapes that reports, baselines and drift figures have on the wire. */
import { z } from 'zod'

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

/** Rows whose score lies in [from, to): what the model promised and what came true. */
export const ReliabilityBin = z.object({
  from: z.number(),
  to: z.number(),
  weight: z.number(),
  meanScore: z.number(),
  positiveRate: z.number(),
})
export type ReliabilityBin = z.infer<typeof ReliabilityBin>

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
