import type { MetricPoint } from './contract.ts'

/**
 * A history with about `most` points that draws the same line: of each stretch of as many points the lowest and the
 * highest stay, and so do the first and the last of all. A peak of one step is seen however long the training was; taking
 * every n-th point would lose it, and a mean would show values that nobody measured.
 *
 * @param points by step
 */
export function thinned(points: readonly MetricPoint[], most: number): MetricPoint[] {
  if (points.length <= most) return [...points]
  const stretches = Math.max(1, Math.floor((most - 2) / 2))
  const inner = points.length - 2
  const kept = [points[0]!]
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = 1 + Math.floor((stretch * inner) / stretches)
    const to = 1 + Math.floor(((stretch + 1) * inner) / stretches)
    kept.push(...lowestAndHighest(points, from, to))
  }
  kept.push(points.at(-1)!)
  return kept
}

/** In the order they came; what is no number stays only where a stretch has nothing else, as the gap that it is. */
function lowestAndHighest(points: readonly MetricPoint[], from: number, to: number): MetricPoint[] {
  let low = -1
  let high = -1
  for (let i = from; i < to; i++) {
    const { value } = points[i]!
    if (value === null) continue
    if (low < 0 || value < points[low]!.value!) low = i
    if (high < 0 || value > points[high]!.value!) high = i
  }
  if (low < 0) return to > from ? [points[from]!] : []
  if (low === high) return [points[low]!]
  return [points[Math.min(low, high)]!, points[Math.max(low, high)]!]
}
