import type { Frame } from '#platform/table'
import type { Direction, PairedDifference, Segment, SegmentReport, Task } from './contract.ts'
import { type EstimateOptions, estimateMetrics } from './estimates.ts'
import { type GroupingOptions, groupRows, type RowGroup, takeScored } from './groups.ts'
import { mean } from './losses.ts'
import { defaultMetric, directionOf, evaluate } from './metrics.ts'
import { type PairedOptions, pairedDifferences } from './paired.ts'
import type { Values } from './scored.ts'

export interface SegmentOptions extends GroupingOptions, Omit<EstimateOptions, 'metrics' | 'weights'> {
  /** The metric that gets an interval and decides which segment is worst; the task's default unless told. */
  readonly metric?: string
  /** Segments below it are listed without metrics, since theirs would be noise; 50 unless told. */
  readonly minimumRows?: number
}

/** The task's metrics within each category or range of each of `columns`. */
export function segmentMetrics(
  task: Task,
  truth: Values,
  scores: Values,
  frame: Frame,
  columns: readonly string[],
  options: SegmentOptions = {},
): SegmentReport {
  const metric = options.metric ?? defaultMetric(task)
  const minimumRows = options.minimumRows ?? 50
  const segments = columns
    .flatMap((column) => groupRows(frame, column, options))
    .map((group) => segmentOf(task, truth, scores, group, { ...options, metric, minimumRows }))
  return { metric, minimumRows, segments, worst: worstOf(segments, directionOf(task, metric)) }
}

function segmentOf(
  task: Task,
  truth: Values,
  scores: Values,
  group: RowGroup,
  options: SegmentOptions & { metric: string; minimumRows: number },
): Segment {
  const part = takeScored(truth, scores, group.rows)
  const measured = group.rows.length >= options.minimumRows
  const estimate = measured
    ? estimateMetrics(task, part.truth, part.scores, { ...options, metrics: [options.metric] })[options.metric]
    : undefined
  return {
    column: group.column,
    segment: group.group,
    n: group.rows.length,
    share: group.rows.length / truth.length,
    meanTruth: task === 'multiclass' ? null : mean(part.truth),
    meanScore: task === 'multiclass' ? null : mean(part.scores),
    metrics: measured ? evaluate(task, part.truth, part.scores, options) : {},
    estimate: estimate ?? null,
  }
}

/**
 * The segment that is worst at the good end of its interval. The lowest estimate would be the smallest segment's as a
 * rule: chance spreads small segments widest.
 */
function worstOf(segments: readonly Segment[], direction: Direction): Segment | null {
  let worst: Segment | null = null
  let worstBadness = Number.NEGATIVE_INFINITY
  for (const segment of segments) {
    const badness = badnessAtBest(segment, direction)
    if (badness !== undefined && badness > worstBadness) {
      worst = segment
      worstBadness = badness
    }
  }
  return worst
}

function badnessAtBest({ estimate }: Segment, direction: Direction): number | undefined {
  if (!estimate || estimate.lower95 === null || estimate.upper95 === null) return undefined
  if (direction === 'higher') return -estimate.upper95
  if (direction === 'lower') return estimate.lower95
  return estimate.lower95 <= 0 && estimate.upper95 >= 0
    ? 0
    : Math.min(Math.abs(estimate.lower95), Math.abs(estimate.upper95))
}

/** Model `a` against model `b` within each segment of at least the minimum size that defines the metric. */
export function segmentDifferences(
  task: Task,
  truth: Values,
  a: Values,
  b: Values,
  frame: Frame,
  columns: readonly string[],
  options: SegmentOptions & Omit<PairedOptions, 'metrics'> = {},
): { column: string; segment: string; n: number; improvement: PairedDifference }[] {
  const metric = options.metric ?? defaultMetric(task)
  return columns
    .flatMap((column) => groupRows(frame, column, options))
    .filter((group) => group.rows.length >= (options.minimumRows ?? 50))
    .flatMap(({ column, group, rows }) => {
      const ofA = takeScored(truth, a, rows)
      const ofB = takeScored(truth, b, rows)
      const paired = pairedDifferences(task, ofA.truth, ofA.scores, ofB.scores, { ...options, metrics: [metric] })
      const improvement = paired[metric]
      return improvement ? [{ column, segment: group, n: rows.length, improvement }] : []
    })
}
