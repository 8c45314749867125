import { type Column, type Frame, type NumericColumn, takeRows } from '#platform/table'
import { quantileOfSorted } from './bootstrap.ts'
import type { Perturbation, RobustnessCheck, RobustnessReport, Task } from './contract.ts'
import { takeValues } from './groups.ts'
import { defaultMetric, directionOf, evaluate, improvement } from './metrics.ts'
import { predictedClasses } from './multiclass.ts'
import { type Random, seededRandom } from './random.ts'
import { sampleRows } from './sampling.ts'
import { classCount, type Values } from './scored.ts'

/** Scores of every row of a frame, in the layout of `Values`. May take its time. */
export type Predict = (frame: Frame) => Float64Array | Promise<Float64Array>

export interface RobustnessOptions {
  readonly metric?: string
  readonly threshold?: number
  /** Features to perturb; all of the frame unless told (name them when the frame also holds the label or a key). */
  readonly features?: readonly string[]
  /** What to try; noise of 1 % and 5 % of each column's spread and 5 % of cells missing unless told. */
  readonly perturbations?: readonly Perturbation[]
  /** Rows looked at, drawn at random from more; 5,000 unless told. */
  readonly maximumRows?: number
  readonly seed?: number
}

const DEFAULT_PERTURBATIONS: readonly Perturbation[] = [
  { kind: 'noise', level: 0.01 },
  { kind: 'noise', level: 0.05 },
  { kind: 'missing', share: 0.05 },
]

/**
 * How much the answers change when the features do a little: Gaussian noise on measured columns, scaled by the column's
 * interquartile range (over 1.349, so that for a normal column it is the standard deviation), and cells made missing.
 * Codes and other exact whole numbers (an hour, a flag) get no noise.
 * A perturbation that makes the model fail is reported as such, since that is a finding; failing on the rows as they
 * are is an error.
 */
export async function robustnessOf(
  task: Task,
  truth: Values,
  frame: Frame,
  predict: Predict,
  options: RobustnessOptions = {},
): Promise<RobustnessReport> {
  const rows = sampleRows(frame.rows, options.maximumRows ?? 5000, seededRandom(options.seed ?? 1))
  const sampled = takeRows(frame, rows)
  const features = options.features ?? frame.columns.map((column) => column.name)
  const scores = await predict(sampled)
  const answered: PerturbedAnswers[] = []
  for (const [i, perturbation] of (options.perturbations ?? DEFAULT_PERTURBATIONS).entries()) {
    const random = seededRandom((options.seed ?? 1) * 1009 + i)
    const perturbed = perturb(sampled, new Set(features), perturbation, random)
    try {
      answered.push({ perturbation, answers: await predict(perturbed) })
    } catch (error) {
      answered.push({ perturbation, failure: error instanceof Error ? error.message : String(error) })
    }
  }
  return robustnessFrom(task, takeValues(truth, rows), scores, answered, options)
}

/** What a model said about perturbed rows, or why it said nothing. */
export type PerturbedAnswers = { readonly perturbation: Perturbation } & (
  | { readonly answers: Values }
  | { readonly failure: string }
)

/** The report of answers that were asked for elsewhere, of what is no table: pictures. */
export function robustnessFrom(
  task: Task,
  truth: Values,
  scores: Values,
  answered: readonly PerturbedAnswers[],
  options: Pick<RobustnessOptions, 'metric' | 'threshold'> = {},
): RobustnessReport {
  const metric = options.metric ?? defaultMetric(task)
  const measure = (values: Values) => evaluate(task, truth, values, options)[metric] ?? null
  const unperturbed = measure(scores)
  const checks = answered.map((one): RobustnessCheck => {
    const { perturbation } = one
    if ('failure' in one)
      return { perturbation, flipped: null, meanShift: null, value: null, loss: null, failure: one.failure }
    const value = measure(one.answers)
    return {
      perturbation,
      flipped: flippedShare(task, truth, scores, one.answers, options.threshold ?? 0.5),
      meanShift: meanShift(scores, one.answers),
      value,
      loss: value === null || unperturbed === null ? null : -improvement(directionOf(task, metric), value, unperturbed),
      failure: null,
    }
  })
  return { metric, rows: truth.length, unperturbed, checks, ...underNoise(checks, unperturbed) }
}

function underNoise(
  checks: readonly RobustnessCheck[],
  unperturbed: number | null,
): Pick<RobustnessReport, 'flipsUnderNoise' | 'relativeChangeUnderNoise'> {
  const noisy = checks.filter((check) => check.perturbation.kind !== 'missing')
  const flips = noisy.flatMap((check) => check.flipped ?? [])
  const changes = noisy.flatMap((check) => (check.value === null ? [] : Math.abs(check.value - unperturbed!)))
  return {
    flipsUnderNoise: flips.length > 0 ? Math.max(...flips) : null,
    relativeChangeUnderNoise: changes.length > 0 && unperturbed ? Math.max(...changes) / Math.abs(unperturbed) : null,
  }
}

function perturb(frame: Frame, features: ReadonlySet<string>, perturbation: Perturbation, random: Random): Frame {
  return {
    rows: frame.rows,
    columns: frame.columns.map((column) => {
      if (!features.has(column.name)) return column
      if (perturbation.kind === 'missing') return withMissing(column, perturbation.share, random)
      return column.kind === 'numeric' && perturbation.kind === 'noise'
        ? withNoise(column, perturbation.level, random)
        : column
    }),
  }
}

/** More different whole numbers than this are a measurement or a count; fewer are an hour, a month, a code or a flag. */
const MOST_CODES = 50

/** An hour of the day or a code is known exactly: half past seven is no error in reading seven. */
function isExact(values: Float64Array): boolean {
  const seen = new Set<number>()
  for (const value of values) {
    if (Number.isNaN(value)) continue
    if (!Number.isInteger(value) || seen.add(value).size > MOST_CODES) return false
  }
  return true
}

function withNoise(column: NumericColumn, level: number, random: Random): NumericColumn {
  if (isExact(column.values)) return column
  const scale = level * spreadOf(column.values)
  return { ...column, values: column.values.map((value) => value + scale * random.normal()) }
}

/** Interquartile range over 1.349; the standard deviation where half of the column is one value; 0 for a constant. */
function spreadOf(values: Float64Array): number {
  const sorted = values.filter(Number.isFinite).sort()
  if (sorted.length === 0) return 0
  const range = quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25)
  if (range > 0) return range / 1.349
  const centre = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return Math.sqrt(sorted.reduce((sum, value) => sum + (value - centre) ** 2, 0) / sorted.length)
}

function withMissing(column: Column, share: number, random: Random): Column {
  if (column.kind === 'numeric') {
    return { ...column, values: column.values.map((value) => (random.uniform() < share ? Number.NaN : value)) }
  }
  return { ...column, codes: column.codes.map((code) => (random.uniform() < share ? -1 : code)) }
}

function flippedShare(task: Task, truth: Values, before: Values, after: Values, threshold: number): number | null {
  if (task === 'regression' || truth.length === 0) return null
  const decide = (scores: Values) =>
    task === 'binary'
      ? Int32Array.from(scores, (score) => (score >= threshold ? 1 : 0))
      : predictedClasses(scores, classCount(truth, scores))
  const decided = decide(before)
  return decide(after).filter((decision, i) => decision !== decided[i]).length / truth.length
}

function meanShift(before: Values, after: Values): number | null {
  if (before.length === 0) return null
  return before.reduce((sum, score, i) => sum + Math.abs(after[i]! - score), 0) / before.length
}
