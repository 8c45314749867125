import type { MetricPoint } from '#tracking/contract'

export interface History {
  readonly run: string
  readonly metric: string
  readonly points: readonly MetricPoint[]
}

/** A history with what came after it: points of the last known step come again, and replace what was known of it. */
export function grown(known: History | undefined, newer: History): History {
  const first = newer.points[0]
  if (!known || !first) return known ?? newer
  const kept = known.points.filter((point) => point.step < first.step)
  return { ...newer, points: [...kept, ...newer.points] }
}

/** Curves over their steps, or over the time since each began. */
export type Over = 'step' | 'time'

export function pointsOver(points: readonly MetricPoint[], over: Over): { x: number; y: number | null }[] {
  if (over === 'step') return points.map(({ step, value }) => ({ x: step, y: value }))
  const start = Math.min(...points.map(({ at }) => at))
  // A client may log steps out of the order of time.
  return points.map(({ at, value }) => ({ x: at - start, y: value })).sort((a, b) => a.x - b.x)
}

/** What machines tell of themselves stands apart from what was measured of the model. */
export const isOfSystem = (metric: string) => metric.startsWith('system/')
