import type { Point } from './story.ts'

const BARS = '▁▂▃▄▅▆▇█'

/** `values` as `width` bars between `low` and `high`; a place without a value is blank. */
export function sparkline(values: readonly (number | null)[], width: number, low: number, high: number): string {
  const span = high - low || 1
  return binned(values, width)
    .map((bin) => {
      const known = bin.filter((value) => value !== null)
      if (known.length === 0) return ' '
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length
      const level = Math.round(((mean - low) / span) * (BARS.length - 1))
      return BARS[Math.min(BARS.length - 1, Math.max(0, level))]
    })
    .join('')
}

/** Below this part of the highest value a difference is weather: a chart that fills itself with it would cry wolf. */
const LEAST_SPAN = 0.15

/** Where the chart begins and ends: all values known, and never less than a span worth seeing. `undefined` without any. */
export function rangeOf(points: readonly Point[]): { low: number; high: number } | undefined {
  const known = points.flatMap(({ value, reference }) => [value, reference]).filter((value) => value !== null)
  if (known.length === 0) return undefined
  const high = Math.max(...known)
  return { low: Math.min(...known, high - LEAST_SPAN * Math.abs(high)), high }
}

/** Which version served where: its number at the place where it took over, as far as the places allow. */
export function versionBand(points: readonly Point[], width: number): string {
  const champions = binned(
    points.map(({ champion }) => champion),
    width,
  ).map((bin) => bin.at(-1))
  let band = ''
  champions.forEach((champion, i) => {
    if (band.length > i) return
    const changed = champion !== undefined && champion !== champions[i - 1]
    band += changed ? String(champion) : champion === undefined ? ' ' : '·'
  })
  return band.slice(0, width)
}

/** `items` spread over `width` places, in order; with fewer items than places one item a place, then empty ones. */
function binned<Item>(items: readonly Item[], width: number): Item[][] {
  if (items.length <= width) return Array.from({ length: width }, (_, i) => items.slice(i, i + 1))
  return Array.from({ length: width }, (_, i) =>
    items.slice(Math.floor((i * items.length) / width), Math.floor(((i + 1) * items.length) / width)),
  )
}
