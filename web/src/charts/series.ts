/** What a chart over time is made of. */

export type Values = readonly (number | null)[]

export interface Series {
  readonly name: string
  readonly values: Values
  /** A class of charts.css: its colour, width and dashes. */
  readonly look: 'loop' | 'reference' | 'estimate' | 'plain' | 'second'
  readonly band?: { lower: Values; upper: Values }
}

/** A stretch of time in the background, such as the reign of a version. */
export interface Reign {
  readonly from: number
  readonly to: number
  readonly label: string
  readonly href: string
  /** What made it begin, told on hovering its label. */
  readonly because?: string
}

export interface EventMark {
  readonly at: number
  readonly kind: 'alert' | 'rollback'
  /** The one the page is about. */
  readonly strong?: boolean
  /** A word or two, shown where there is room. */
  readonly label: string
  readonly title: string
  readonly href: string
}

/**
 * The lines fill the height; a band may widen it by at most half, since the first labels' interval reaches from nothing to
 * everything and would flatten what follows.
 */
export function verticalExtent(
  series: readonly Series[],
  limits: readonly { value: number }[],
  inView: readonly boolean[],
  includeZero: boolean,
): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  const include = (value: number | null | undefined) => {
    if (value == null) return
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  for (const one of series) {
    one.values.forEach((value, i) => {
      if (inView[i]) include(value)
    })
  }
  for (const limit of limits) include(limit.value)
  if (includeZero) include(0)
  if (low > high) return [0, 1]
  const most = (high - low || Math.abs(high) || 1) * 0.25
  const [lineLow, lineHigh] = [low, high]
  for (const { band } of series) {
    band?.lower.forEach((value, i) => {
      if (inView[i] && value !== null) include(Math.max(value, lineLow - most))
    })
    band?.upper.forEach((value, i) => {
      if (inView[i] && value !== null) include(Math.min(value, lineHigh + most))
    })
  }
  const air = (high - low || Math.abs(high) || 1) * 0.06
  return [includeZero && low === 0 ? 0 : low - air, high + air]
}
